/** A file's text, with lines found once. Offsets are UTF-16 code units; a byte order mark does not count. */
export class SourceText {
  readonly path: string;
  /** With the texts of the files that it runs, one after the other. */
  readonly text: string;
  /** Those files, and where their text begins in this one. */
  readonly included: ReadonlyArray<{ readonly source: SourceText; readonly start: number }>;
  readonly #own: string;
  #starts: readonly number[] | null = null;

  constructor(
    path: string,
    text: string,
    included: ReadonlyArray<{ readonly path: string; readonly text: string }> = [],
  ) {
    this.path = path;
    this.#own = text.startsWith('\uFEFF') ? text.slice(1) : text;
    let start = this.#own.length + 1;
    this.included = included.map((file) => {
      const part = { source: new SourceText(file.path, file.text), start };
      start += part.source.text.length + 1;
      return part;
    });
    this.text = [this.#own, ...this.included.map(({ source }) => source.text)].join('\n');
  }

  get lineCount(): number {
    return this.#lineStarts().length;
  }

  /** The file that an offset is in, and where that begins and ends. */
  fileAt(offset: number): { readonly source: SourceText; readonly start: number; readonly end: number } {
    const part = offset > this.#own.length ? this.included.findLast(({ start }) => start <= offset) : undefined;
    return part === undefined
      ? { source: this, start: 0, end: this.#own.length }
      : { ...part, end: part.start + part.source.text.length };
  }

  /** Line and column, both from 1, in the file that the offset is in. */
  position(offset: number): { line: number; column: number } {
    const { source, start } = this.fileAt(offset);
    if (source !== this) return source.position(offset - start);
    const starts = this.#lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  /** The text of a line (from 1) without its end. */
  line(number: number): string {
    const starts = this.#lineStarts();
    const start = starts[number - 1] ?? this.#own.length;
    const end = starts[number] ?? this.#own.length;
    return this.#own.slice(start, end).replace(/\r?\n$/, '');
  }

  /** Found when they are first asked for: of most files, nothing is told. */
  #lineStarts(): readonly number[] {
    if (this.#starts !== null) return this.#starts;
    const starts = [0];
    for (let at = this.#own.indexOf('\n'); at !== -1; at = this.#own.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
    return starts;
  }
}
