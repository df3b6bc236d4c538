/** Text that goes to the server in one call; more than one statement only where there are no values. */
export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One migration, as the product's own runner would send it. */
export interface HistoryFile {
  readonly path: string;
  readonly sent: readonly Sent[];
}

export interface History {
  readonly name: string;
  readonly files: readonly HistoryFile[];
  readonly variables: Readonly<Record<string, string>>;
}

/** The file as one text; a `;` alone in a line keeps the last comment of a call out of the next call. */
export function textOf({ sent }: HistoryFile): string {
  return sent.map(({ text }) => text).join('\n;\n');
}

/** The values that belong to the statement at an offset of `textOf`. */
export function valuesAt({ sent }: HistoryFile, offset: number): readonly unknown[] {
  let end = 0;
  for (const { text, values } of sent) {
    end += text.length + '\n;\n'.length;
    if (offset < end) return values;
  }
  return [];
}
