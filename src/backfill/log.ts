import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { loadBackfill } from './status.ts';

/** Something that was asked of a backfill, or a state that it reached. */
export interface LogEntry {
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** The role that logged in. */
  readonly who: string;
  readonly application: string | null;
  /** `rate: 20 to 500`, `state: running to throttled, …`. */
  readonly what: string;
}

/** The last `most` entries, oldest first; throws a Problem (exit 2) where there is no such backfill. Only reads. */
export async function readLog(session: Session, schema: string, name: string, most: number): Promise<LogEntry[]> {
  await loadBackfill(session, schema, name);
  const entries = await session.query<LogEntry>(
    `SELECT pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, who,
            nullif(application, '') AS application, what
       FROM ${quoteIdent(schema)}.backfill_event WHERE backfill = $1 ORDER BY id DESC LIMIT $2`,
    [name, String(most)],
  );
  return entries.toReversed();
}
