import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { heldLeases, isHeldSql } from '../safety/lease.ts';
import { workerPrefix } from './lease-name.ts';
import type { Settings } from './settings.ts';

/** The further workers of a backfill that are there, whatever machine they are on: their leases. */
export function furtherWorkers(session: Session, schema: string, name: string): Promise<string[]> {
  return heldLeases(session, schema, workerPrefix(name));
}

/** How many workers share what the backfill may do, this one counted: those that are at a range. Who waits for one takes nothing away. */
export async function workersSharing(session: Session, schema: string, name: string, own: string): Promise<number> {
  const [row] = await session.query<{ others: number }>(
    `SELECT pg_catalog.count(DISTINCT r.claimed_by)::pg_catalog.int4 AS others FROM ${quoteIdent(schema)}.backfill_range r
      WHERE r.backfill = $1 AND NOT r.done AND r.claimed_by <> $2 AND ${isHeldSql(schema, 'r.claimed_by')}`,
    [name, own],
  );
  return 1 + (row?.others ?? 0);
}

/** The part that one worker has of what all of them may do together. */
export function shareOf(settings: Settings, workers: number): Settings {
  const { rate, maxWalMb } = settings;
  return {
    ...settings,
    rate: rate === null ? null : rate / workers,
    maxWalMb: maxWalMb === null ? null : maxWalMb / workers,
  };
}
