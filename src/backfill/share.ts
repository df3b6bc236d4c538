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

/** How many of them find no range, because each that is open is taken. */
export async function workersWaiting(session: Session, schema: string, name: string): Promise<number> {
  const further = await furtherWorkers(session, schema, name);
  if (further.length === 0) return 0;
  const [row] = await session.query<{ free: number; busy: number }>(
    `SELECT pg_catalog.count(*) FILTER (WHERE r.claimed_by IS NULL)::pg_catalog.int4 AS free,
            pg_catalog.count(DISTINCT r.claimed_by) FILTER (WHERE r.claimed_by = ANY ($2))::pg_catalog.int4 AS busy
       FROM ${quoteIdent(schema)}.backfill_range r WHERE r.backfill = $1 AND NOT r.done AND r.left_out IS NULL`,
    [name, further],
  );
  return row === undefined || row.free > 0 ? 0 : further.length - row.busy;
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
