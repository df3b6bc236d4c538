import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { type Blocker, blockingSessions } from './blockers.ts';
import type { Watchdog } from './watchdog.ts';

export interface Progress {
  /** As the server names it: `building index: scanning table`. */
  readonly phase: string;
  /** From 0 to 1, where the server counts. */
  readonly share: number | null;
  /** When this phase will be over, at its speed so far. */
  readonly etaMs: number | null;
  /** The session that it waits for. */
  readonly waitsFor: Blocker | null;
}

const POLL_MS = 500;

export interface FollowOptions {
  /** How long to wait for a table lock, each time. */
  readonly giveUpAfterMs: number;
  /** How long to wait for transactions that can see the old state, all waits together. */
  readonly waitForSnapshotsMs: number;
  readonly stopped: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Follows a statement until `stopped`, where the server shows how far it is. Online work (`CONCURRENTLY`) has two budgets: one for its table
 * lock, one for waiting for others' transactions; when one of them is used up, its work is ended.
 */
export async function follow(
  control: Session,
  main: Session,
  dog: Watchdog,
  { giveUpAfterMs, waitForSnapshotsMs, stopped, onProgress }: FollowOptions,
): Promise<void> {
  const etaOf = watchSpeed();
  let last = performance.now();
  let forTable = 0;
  let forSnapshots = 0;
  while (!stopped.aborted) {
    await sleep(POLL_MS, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    const seen = await lookAtProgress(control, main).catch(() => null);
    const now = performance.now();
    const passed = now - last;
    last = now;
    forTable = seen?.waits === 'table' ? forTable + passed : 0;
    if (seen === null) continue;
    if (seen.waits === 'snapshots') forSnapshots += passed;
    const { phase, share, waitsFor } = seen;
    onProgress({ phase, share, etaMs: etaOf(seen, now), waitsFor });
    if (forTable > giveUpAfterMs) dog.end('lock-not-had');
    if (forSnapshots > waitForSnapshotsMs) dog.end('waited-too-long');
  }
}

/** How long the rest of a phase takes, when it goes on as it went since it was first seen. */
function watchSpeed(): (seen: { readonly phase: string; readonly share: number | null }, now: number) => number | null {
  let first: { phase: string; share: number; at: number } | null = null;
  return ({ phase, share }, now) => {
    if (share === null) return null;
    if (first === null || first.phase !== phase || share < first.share) first = { phase, share, at: now };
    const gained = share - first.share;
    return gained > 0 ? Math.round(((now - first.at) / gained) * (1 - share)) : null;
  };
}

interface Seen extends Omit<Progress, 'etaMs'> {
  /** What it waits for: its table lock, or the transactions of others. */
  readonly waits: 'table' | 'snapshots' | null;
}

interface Row {
  phase: string | null;
  share: string | null;
  locktype: string | null;
}

/** What a session is doing, where the server shows it; null where it does not, and nobody is in the way. */
export async function lookAtProgress(control: Session, session: Pick<Session, 'pid'>): Promise<Seen | null> {
  const [row] = await control.query<Row>(
    `SELECT p.phase, p.share::pg_catalog.text AS share, l.locktype
       FROM (SELECT $1::pg_catalog.int4 AS pid) AS main
       LEFT JOIN (${VIEWS.join(' UNION ALL ')}) AS p (pid, phase, share) ON p.pid = main.pid
       LEFT JOIN pg_catalog.pg_locks l ON l.pid = main.pid AND NOT l.granted`,
    [session.pid],
  );
  if (row === undefined || (row.phase === null && row.locktype === null)) return null;
  const waits = row.locktype === null ? null : row.locktype === 'relation' ? 'table' : 'snapshots';
  const [waitsFor = null] = waits === null ? [] : await blockingSessions(control, session);
  const phase = waits === 'table' ? 'waiting for the table lock' : (row.phase ?? 'waiting for older transactions');
  return { phase, share: row.share === null ? null : Number(row.share), waitsFor, waits };
}

const share = (done: string, total: string) => `${done}::pg_catalog.float8 / nullif(${total}, 0)`;

/**
 * What the server counts in each phase; what it has counted in an earlier one still stands there.
 * https://www.postgresql.org/docs/current/progress-reporting.html
 */
const VIEWS = [
  `SELECT pid, phase, CASE WHEN phase LIKE 'waiting %' THEN ${share('lockers_done', 'lockers_total')}
                           ELSE coalesce(${share('blocks_done', 'blocks_total')}, ${share('tuples_done', 'tuples_total')}) END
     FROM pg_catalog.pg_stat_progress_create_index`,
  `SELECT pid, phase, CASE phase WHEN 'scanning heap' THEN ${share('heap_blks_scanned', 'heap_blks_total')}
                                 WHEN 'vacuuming heap' THEN ${share('heap_blks_vacuumed', 'heap_blks_total')} END
     FROM pg_catalog.pg_stat_progress_vacuum`,
  `SELECT pid, phase, CASE phase WHEN 'acquiring sample rows' THEN ${share('sample_blks_scanned', 'sample_blks_total')} END
     FROM pg_catalog.pg_stat_progress_analyze`,
  `SELECT pid, phase, CASE phase WHEN 'seq scanning heap' THEN ${share('heap_blks_scanned', 'heap_blks_total')} END
     FROM pg_catalog.pg_stat_progress_cluster`,
];
