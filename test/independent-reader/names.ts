/** The names in a statement, each with the part that it plays: `creates app.users`, `column email`. */
export type Names = readonly string[];

export function qualified(
  part: string,
  { schema, name }: { readonly schema?: string | null; readonly name: string },
): string {
  return `${part} ${schema === null || schema === undefined ? '' : `${quoted(schema)}.`}${quoted(name)}`;
}

/** A name that may be left to PostgreSQL to make up. */
export function named(part: string, name: string | null | undefined): string {
  return `${part} ${name === null || name === undefined ? '(none)' : quoted(name)}`;
}

export function columns(part: string, names: readonly string[]): string {
  return `${part} (${names.map(quoted).join(', ')})`;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
