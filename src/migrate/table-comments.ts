import { quoteLiteral } from '../postgres/quote.ts';

/** Tells whoever reads a table of ours what it and those of its columns are whose names do not say it. */
export function tableComments(table: string, about: string, columns: Readonly<Record<string, string>>): string[] {
  return [
    `COMMENT ON TABLE ${table} IS ${quoteLiteral(about)};`,
    ...Object.entries(columns).map(([name, text]) => `COMMENT ON COLUMN ${table}.${name} IS ${quoteLiteral(text)};`),
  ];
}
