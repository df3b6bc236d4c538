import { quoteIdent } from '../postgres/quote.ts';
import { tableComments } from './table-comments.ts';

/** The table of what people have settled, as SQL names it. */
export const settlementTable = (schema: string) => `${quoteIdent(schema)}.migration_settlement`;

/** How the ledger makes it. Nothing refers to a migration here: a settlement may forget one. */
export function settlementTableSteps(schema: string): string[] {
  const table = settlementTable(schema);
  return [
    `CREATE TABLE ${table} (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       migration text NOT NULL,
       index integer,
       command text NOT NULL CHECK (command IN ('baseline', 'repair')),
       before text NOT NULL,
       after text NOT NULL,
       checksum_before text,
       checksum_after text,
       reason text NOT NULL,
       settled_by text NOT NULL DEFAULT session_user,
       settled_from text NOT NULL,
       settled_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
       tool_version text NOT NULL
     );`,
    ...tableComments(
      table,
      'What people have said of migrations without running them, by tiptoe baseline and tiptoe repair. Rows are only added.',
      {
        index: 'The statement that was settled, counted from 0; null for the whole file.',
        before: 'How it stood, as tiptoe status tells it.',
        after: 'applied: it counts as done. pending: the next apply runs it from its start.',
        reason: 'As that person wrote it.',
        settled_from: 'The account, the machine and the process that settled it.',
      },
    ),
  ];
}
