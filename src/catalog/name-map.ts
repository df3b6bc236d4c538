/** A name that was found taken when another one was looked for: it comes free again when it is deleted. */
interface Attempt {
  readonly series: string;
  readonly number: number;
}

/**
 * Things by name, which also finds the first free name of a series (`t_a_idx`, `t_a_idx1`, …) without going through all that are taken: a
 * history may make thousands of them.
 */
export class NameMap<Value> extends Map<string, Value> {
  /** All numbers of a series below this one are taken. */
  readonly #next = new Map<string, number>();
  readonly #attempts = new Map<string, Attempt[]>();

  /** The first free name of those that `nameOf` makes from 0, 1, 2, …; `series` says what they have in common. */
  firstFree(series: string, nameOf: (number: number) => string): string {
    for (let number = this.#next.get(series) ?? 0; ; number += 1) {
      const name = nameOf(number);
      if (!this.has(name)) return name;
      this.#next.set(series, number + 1);
      const attempts = this.#attempts.get(name);
      if (attempts === undefined) this.#attempts.set(name, [{ series, number }]);
      else attempts.push({ series, number });
    }
  }

  override delete(name: string): boolean {
    for (const { series, number } of this.#attempts.get(name) ?? [])
      this.#next.set(series, Math.min(number, this.#next.get(series) ?? number));
    this.#attempts.delete(name);
    return super.delete(name);
  }

  override clear(): void {
    this.#next.clear();
    this.#attempts.clear();
    super.clear();
  }
}
