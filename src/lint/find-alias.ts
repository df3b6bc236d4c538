import type { Rule } from './kit.ts';
import { type Linter, LINTERS, WITHOUT_COUNTERPART } from './other-linters.ts';

/** What another linter's name stands for here. */
export interface Counterpart {
  readonly linter: Linter;
  readonly name: string;
  /** Empty where there is none. */
  readonly rules: readonly Rule[];
  /** Why there is none. */
  readonly reason: string | null;
}

/** Every name that other linters have, with the rules that find the same. */
export function counterparts(rules: readonly Rule[]): Counterpart[] {
  return LINTERS.flatMap((linter) => {
    const reasons = WITHOUT_COUNTERPART[linter] ?? {};
    const names = new Set([...rules.flatMap(({ aliases }) => aliases?.[linter] ?? []), ...Object.keys(reasons)]);
    return [...names].sort().map((name) => {
      const found = rules.filter(({ aliases }) => aliases?.[linter]?.includes(name) === true);
      return { linter, name, rules: found, reason: found.length === 0 ? (reasons[name] ?? null) : null };
    });
  });
}

/** Those that a name means: the name of a rule, as it is written there or nearly so, or that of a linter for all of its rules. */
export function findAlias(all: readonly Counterpart[], given: string): Counterpart[] {
  const wanted = plain(given);
  return all.filter(({ linter, name }) => plain(name) === wanted || plain(linter) === wanted);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
