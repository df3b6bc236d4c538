import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { heldLeases, isHeldSql } from '../safety/lease.ts';
import { leaseName, workerPrefix } from './lease-name.ts';
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

/**
 * How many workers find no range, because each that is open is taken, and have to be given a part by the one with this lease; 0 for all
 * but one of those that are at a range, which is the one that leads if it is at one.
 */
export async function workersWaiting(session: Session, schema: string, name: string, own: string): Promise<number> {
  const leads = leaseName(name);
  const held = await heldLeases(session, schema, leads);
  const workers = held.filter((lease) => lease === leads || lease.startsWith(workerPrefix(name)));
  if (workers.length < 2) return 0;
  const ranges = await session.query<{ by: string | null }>(
    `SELECT DISTINCT r.claimed_by AS by FROM ${quoteIdent(schema)}.backfill_range r
      WHERE r.backfill = $1 AND NOT r.done AND r.left_out IS NULL`,
    [name],
  );
  if (ranges.some(({ by }) => by === null)) return 0;
  const busy = workers.filter((lease) => ranges.some(({ by }) => by === lease));
  const first = busy.includes(leads) ? leads : busy.toSorted()[0];
  return first === own ? workers.length - busy.length : 0;
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
