import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';

/** The table of what was let through, as SQL names it. */
export const exceptionTable = (schema: string) => `${quoteIdent(schema)}.migration_exception`;

/** How the ledger makes it. */
export function exceptionTableSteps(schema: string): string[] {
  const table = exceptionTable(schema);
  const describe = (what: string, text: string) => `COMMENT ON ${what} IS ${quoteLiteral(text)};`;
  return [
    `CREATE TABLE ${table} (
       migration text NOT NULL REFERENCES ${quoteIdent(schema)}.migration ON DELETE CASCADE,
       index integer NOT NULL,
       line integer NOT NULL,
       rule text NOT NULL,
       relations text[] NOT NULL,
       allowed_by text NOT NULL CHECK (allowed_by IN ('flag', 'comment')),
       reason text NOT NULL,
       run_by text NOT NULL DEFAULT session_user,
       run_from text NOT NULL,
       allowed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
       PRIMARY KEY (migration, index, rule)
     );`,
    describe(
      `TABLE ${table}`,
      'Findings of the linter that hold up traffic and were let through: one row a statement and rule.',
    ),
    describe(`COLUMN ${table}.index`, 'The statement, counted from 0.'),
    describe(`COLUMN ${table}.rule`, 'tiptoe rules NAME tells what it is about.'),
    describe(
      `COLUMN ${table}.allowed_by`,
      'flag: by --allow, by who ran it. comment: by a tiptoe-disable comment in the file.',
    ),
    describe(`COLUMN ${table}.reason`, 'As that person wrote it.'),
    describe(`COLUMN ${table}.run_from`, 'The account, the machine and the process that ran it.'),
  ];
}
