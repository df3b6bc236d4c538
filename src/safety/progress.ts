import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { type Blocker, blockingSessions } from './blockers.ts';
import type { Watchdog } from './watchdog.ts';

export interface Progress {
  /** As the server names it: `building index: scanning table`. */
  readonly phase: string;
  /** From 0 to 1, where the server counts. */
  readonly share: number | null;
  /** The session that it waits for. */
  readonly waitsFor: Blocker | null;
}

const POLL_MS = 500;

/**
 * Follows online work (`CONCURRENTLY`) until `stopped`, and gives up waiting for its table lock after `giveUpAfterMs`. That wait comes before
 * anything was made, so ending it leaves nothing behind; the wait for old snapshots, later, is not bounded.
 */
export async function followOnline(
  control: Session,
  main: Session,
  dog: Watchdog,
  options: {
    readonly giveUpAfterMs: number;
    readonly stopped: AbortSignal;
    readonly onProgress: (progress: Progress) => void;
  },
): Promise<void> {
  const started = performance.now();
  while (!options.stopped.aborted) {
    await sleep(POLL_MS, undefined, { signal: options.stopped }).catch(() => undefined);
    if (options.stopped.aborted) return;
    const progress = await look(control, main).catch(() => null);
    if (progress === null) continue;
    options.onProgress(progress);
    if (progress.phase === WAITING_FOR_TABLE && performance.now() - started > options.giveUpAfterMs)
      dog.end('lock-not-had');
  }
}

const WAITING_FOR_TABLE = 'waiting for the table lock';

interface Row {
  phase: string | null;
  share: string | null;
  waitsForTable: boolean;
  waits: boolean;
}

async function look(control: Session, main: Session): Promise<Progress | null> {
  const [row] = await control.query<Row>(
    // While it waits, blocks and tuples are those of the phase before.
    `SELECT p.phase, CASE WHEN p.phase LIKE 'waiting %' THEN p.lockers_done::pg_catalog.float8 / nullif(p.lockers_total, 0)
                          ELSE coalesce(p.blocks_done::pg_catalog.float8 / nullif(p.blocks_total, 0),
                                        p.tuples_done::pg_catalog.float8 / nullif(p.tuples_total, 0)) END AS share,
            l.pid IS NOT NULL AS waits, l.pid IS NOT NULL AND l.locktype = 'relation' AS "waitsForTable"
       FROM (SELECT $1::pg_catalog.int4 AS pid) AS main
       LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = main.pid
       LEFT JOIN pg_catalog.pg_locks l ON l.pid = main.pid AND NOT l.granted`,
    [main.pid],
  );
  if (row === undefined || (row.phase === null && !row.waits)) return null;
  const [waitsFor = null] = row.waits ? await blockingSessions(control, main) : [];
  const phase = row.phase ?? (row.waitsForTable ? WAITING_FOR_TABLE : 'waiting for older transactions');
  return { phase, share: row.share === null ? null : Number(row.share), waitsFor };
}
