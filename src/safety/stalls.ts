import type { Session } from '../db/session.ts';
import { conflicts, type LockMode } from '../postgres/lock-mode.ts';

/** A session that waits for a lock behind ours. */
export interface Waiter {
  readonly pid: number;
  /** Since it began to wait; null where the server does not say (13). */
  readonly waitedMs: number | null;
}

/** How much others have waited behind us, as looks from the outside saw it: shorter waits than the time between two looks may go unseen. */
export interface Stalls {
  readonly sessions: number;
  readonly longestMs: number;
  /** The waits of all of them together. */
  readonly totalMs: number;
}

interface Row extends Waiter {
  readonly mode: LockMode;
  readonly ourMode: LockMode;
  readonly granted: boolean;
  readonly weWaitedMs: number | null;
}

/** Who waits behind this session right now: for a relation, or for rows that its transaction has changed. */
export async function waitersBehind(control: Session, main: Pick<Session, 'pid'>): Promise<Waiter[]> {
  const rows = await control.query<
    Omit<Row, 'waitedMs' | 'weWaitedMs'> & { waited: string | null; own: string | null }
  >(
    // pg_locks.waitstart is of 14 and newer.
    `WITH locks AS MATERIALIZED (
       SELECT l.*, CASE WHEN NOT l.granted THEN
                (extract(epoch FROM pg_catalog.clock_timestamp() - (pg_catalog.to_jsonb(l) ->> 'waitstart')::pg_catalog.timestamptz) * 1000)::pg_catalog.float8
              END AS waited
         FROM pg_catalog.pg_locks l
        WHERE (NOT l.granted OR l.pid = $1) AND l.locktype IN ('relation', 'transactionid'))
     SELECT w.pid, w.mode, w.waited::pg_catalog.text, o.mode AS "ourMode", o.granted, o.waited::pg_catalog.text AS own
       FROM locks w
       JOIN locks o ON o.pid = $1 AND o.locktype = w.locktype AND o.database IS NOT DISTINCT FROM w.database
            AND o.relation IS NOT DISTINCT FROM w.relation AND o.transactionid IS NOT DISTINCT FROM w.transactionid
      WHERE w.pid <> $1 AND NOT w.granted`,
    [main.pid],
  );
  const waiters = new Map<number, Waiter>();
  for (const { waited, own, ...row } of rows) {
    const seen = {
      ...row,
      waitedMs: waited === null ? null : Number(waited),
      weWaitedMs: own === null ? null : Number(own),
    };
    if (isBehind(seen)) waiters.set(seen.pid, { pid: seen.pid, waitedMs: seen.waitedMs });
  }
  return [...waiters.values()];
}

/** Who stood in line before us does not wait for us. */
function isBehind({ mode, ourMode, granted, waitedMs, weWaitedMs }: Row): boolean {
  if (!conflicts(ourMode, mode)) return false;
  return granted || waitedMs === null || weWaitedMs === null || waitedMs <= weWaitedMs;
}

export interface StallCount {
  /** What a look at this time, of `performance.now()`, has seen. */
  see(waiters: readonly Waiter[], now: number): void;
  sum(): Stalls;
}

/** Adds up what one look after the other sees. */
export function countStalls(): StallCount {
  const sessions = new Set<number>();
  let waiting = new Map<number, { readonly since: number; readonly until: number }>();
  let longestMs = 0;
  let endedMs = 0;
  const lengthOf = ({ since, until }: { readonly since: number; readonly until: number }) => until - since;
  return {
    see(waiters, now) {
      const still = new Map<number, { readonly since: number; readonly until: number }>();
      for (const { pid, waitedMs } of waiters) {
        const began = now - Math.max(0, waitedMs ?? 0);
        const before = waiting.get(pid);
        // Another wait of the same session may have begun between two looks.
        const goesOn = before !== undefined && (waitedMs === null || began <= before.until);
        const wait = { since: goesOn ? before.since : began, until: now };
        if (before !== undefined && !goesOn) endedMs += lengthOf(before);
        sessions.add(pid);
        still.set(pid, wait);
        longestMs = Math.max(longestMs, lengthOf(wait));
      }
      for (const [pid, wait] of waiting) if (!still.has(pid)) endedMs += lengthOf(wait);
      waiting = still;
    },
    sum: () => ({
      sessions: sessions.size,
      longestMs,
      totalMs: [...waiting.values()].reduce((sum, wait) => sum + lengthOf(wait), endedMs),
    }),
  };
}
