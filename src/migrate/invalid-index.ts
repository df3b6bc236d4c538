import type { Session } from '../db/session.ts';
import { qualify } from '../postgres/quote.ts';
import type { Step } from './steps.ts';

/** `IF NOT EXISTS` has found an index of that name, and it is no use to any query. */
export class InvalidIndex extends Error {
  readonly step: Step;
  readonly index: string;

  constructor(step: Step, index: string) {
    super(`the index ${index} exists, but is invalid`);
    this.name = 'InvalidIndex';
    this.step = step;
    this.index = index;
  }
}

/** Throws {@link InvalidIndex} when CREATE INDEX IF NOT EXISTS was content with an invalid index; in the session that ran it. */
export async function requireUsable(main: Session, step: Step): Promise<void> {
  const { action } = step.statement;
  if (action.kind !== 'create-index' || !action.ifNotExists || action.name === null) return;
  // Those of partitioned tables are invalid by design until all partitions have theirs.
  const [invalid] = await main.query<{ name: string }>(
    `SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
       FROM pg_catalog.pg_class t JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace AND c.relname = $2 AND c.relkind = 'i'
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
      WHERE t.oid = pg_catalog.to_regclass($1) AND NOT (i.indisvalid AND i.indisready AND i.indislive)`,
    [qualify(action.table.schema ?? undefined, action.table.name), action.name],
  );
  if (invalid !== undefined) throw new InvalidIndex(step, invalid.name);
}
