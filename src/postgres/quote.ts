import { NOT_BARE } from './keywords.ts';

/** An identifier as it can stand in SQL; in quotes only where needed, like the server's own quote_ident. */
export function quoteIdent(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !NOT_BARE.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string constant; safe whatever standard_conforming_strings says, like the server's own quote_literal. */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? `E${quoted}` : quoted;
}

/** A relation's name, with its schema when that is known. */
export function qualify(schema: string | undefined, name: string): string {
  return schema === undefined ? quoteIdent(name) : `${quoteIdent(schema)}.${quoteIdent(name)}`;
}
