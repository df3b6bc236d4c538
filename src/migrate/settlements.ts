import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { checksum } from './checksum.ts';
import type { Ledger } from './ledger.ts';
import type { PlanEntry } from './plan.ts';
import { settlementTable } from './settlement-table.ts';

/** What a person says of a migration: that it stands on the server, or that nothing of it does. */
export type Verdict = 'applied' | 'pending';

export interface Settlement {
  readonly command: 'baseline' | 'repair';
  readonly entry: PlanEntry;
  readonly as: Verdict;
  readonly reason: string;
}

/** Writes down what a person has settled of whole files; in the caller's transaction. */
export async function settleFile(session: Session, ledger: Ledger, settlement: Settlement): Promise<void> {
  const { entry, as } = settlement;
  const after = entry.file === null ? (entry.row?.checksum ?? null) : checksum(entry.file.text);
  await record(session, ledger, settlement, {
    index: null,
    before: entry.standing,
    checksumBefore: entry.row?.checksum ?? null,
    checksumAfter: as === 'applied' ? after : null,
  });
  if (as === 'pending') {
    await session.run(`DELETE FROM ${migration(ledger)} WHERE name = $1`, [entry.name]);
    return;
  }
  await session.run(
    `INSERT INTO ${migration(ledger)} AS m (name, path, version, kind, checksum, state, finished_at, run_from, tool_version)
     VALUES ($1, $2, $3, $4, $5, 'done', pg_catalog.clock_timestamp(), $6, $7)
     ON CONFLICT (name) DO UPDATE
       SET state = 'done', checksum = excluded.checksum, path = excluded.path, error = NULL,
           finished_at = CASE m.state WHEN 'done' THEN m.finished_at ELSE excluded.finished_at END`,
    [entry.name, entry.path, entry.version, entry.kind, after ?? '', ledger.runner.from, ledger.runner.toolVersion],
  );
  await session.run(
    `UPDATE ${quoteIdent(ledger.schema)}.migration_statement SET state = 'done' WHERE migration = $1 AND state = 'running'`,
    [entry.name],
  );
}

/** Says how one statement ended whose end nobody knows; false where the ledger has no such statement. */
export async function settleStatement(
  session: Session,
  ledger: Ledger,
  settlement: Settlement,
  index: number,
): Promise<boolean> {
  const { entry, as } = settlement;
  const [row] = await session.query<{ state: string }>(
    `SELECT state FROM ${quoteIdent(ledger.schema)}.migration_statement WHERE migration = $1 AND index = $2`,
    [entry.name, index],
  );
  if (row === undefined) return false;
  await record(session, ledger, settlement, {
    index,
    before: row.state,
    checksumBefore: null,
    checksumAfter: null,
  });
  await session.run(
    `UPDATE ${quoteIdent(ledger.schema)}.migration_statement
        SET state = $3, finished_at = coalesce(finished_at, pg_catalog.clock_timestamp()) WHERE migration = $1 AND index = $2`,
    [entry.name, index, as === 'applied' ? 'done' : 'failed'],
  );
  return true;
}

async function record(
  session: Session,
  { schema, runner }: Ledger,
  { command, entry, as, reason }: Settlement,
  more: { index: number | null; before: string; checksumBefore: string | null; checksumAfter: string | null },
): Promise<void> {
  await session.run(
    `INSERT INTO ${settlementTable(schema)}
       (migration, index, command, before, after, checksum_before, checksum_after, reason, settled_from, tool_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      entry.name,
      more.index,
      command,
      more.before,
      as,
      more.checksumBefore,
      more.checksumAfter,
      reason,
      runner.from,
      runner.toolVersion,
    ],
  );
}

const migration = ({ schema }: Ledger) => `${quoteIdent(schema)}.migration`;
