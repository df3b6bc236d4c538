import { quoteIdent } from '../postgres/quote.ts';
import { tableComments } from './table-comments.ts';

/** The table of what was let through, as SQL names it. */
export const exceptionTable = (schema: string) => `${quoteIdent(schema)}.migration_exception`;

/** How the ledger makes it. */
export function exceptionTableSteps(schema: string): string[] {
  const table = exceptionTable(schema);
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
    ...tableComments(
      table,
      'Findings of the linter that hold up traffic and were let through: one row a statement and rule.',
      {
        index: 'The statement, counted from 0.',
        rule: 'tiptoe rules NAME tells what it is about.',
        allowed_by: 'flag: by --allow, by who ran it. comment: by a tiptoe-disable comment in the file.',
        reason: 'As that person wrote it.',
        run_from: 'The account, the machine and the process that ran it.',
      },
    ),
  ];
}
