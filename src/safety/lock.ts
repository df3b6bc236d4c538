import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { type Oldest, watchAges } from './ages.ts';
import { AutovacuumStays } from './autovacuum.ts';
import { blockersOf, findHolders, type Blocker, type Holder, type LockTarget } from './blockers.ts';
import type { Limits } from './limits.ts';
import { failedTry, firstPatience, pauseMs, turnedAway, worthQueueing } from './patience.ts';
import { LookAgain, mayRetry } from './retry.ts';
import { watchEnoughStall } from './enough-stall.ts';

export interface LineOptions {
  /** The session that looks. */
  readonly control: Session;
  /** The session that will stand in line. */
  readonly main: Session;
  readonly limits: Limits;
  /** What is wanted; asked before each look, since a failed try may have learned more, and tables change their names. */
  readonly targets: () => readonly LockTarget[] | Promise<readonly LockTarget[]>;
  /** Who was in the way of the last try, where no holder of a wanted lock is: row locks, most often. */
  readonly lastBlockers?: () => readonly Blocker[];
  /** May throw, to end the waiting. */
  readonly beforeLook?: () => Promise<void>;
  readonly onWait?: (wait: Wait) => void;
  /** Told once of each holder that time alone does not move soon, or ever. */
  readonly onStays?: (blocker: Blocker) => void;
  readonly signal?: AbortSignal;
}

export interface Wait {
  readonly attempts: number;
  readonly waitedMs: number;
  readonly blockers: readonly Blocker[];
}

export interface Try {
  /** `lock_timeout` for whatever blocks others, in milliseconds. */
  readonly patienceMs: number;
  /** Counts from 1. */
  readonly attempt: number;
  readonly waitedMs: number;
  /** An ordinary autovacuum is on a table: make it leave (`shooAutovacuum`) before anything else. Null when there is none. */
  readonly autovacuum: AutovacuumInTheWay | null;
}

export interface AutovacuumInTheWay {
  /** Once it has left: waits until everyone else in the way is young again. Throws {@link LookAgain} when someone stays. */
  readonly settle: () => Promise<void>;
}

export type InLine<T> =
  | { readonly kind: 'done'; readonly value: T; readonly attempts: number; readonly waitedMs: number }
  | {
      readonly kind: 'gave-up';
      readonly attempts: number;
      readonly waitedMs: number;
      readonly blockers: readonly Blocker[];
      /** How old the oldest holder was at half of the looks; null when it was one and the same, or nobody. */
      readonly medianAgeMs: number | null;
      /** The `maxStallMs` with which it would go through; null when holders stay for longer than anyone should wait. */
      readonly enoughStallMs: number | null;
      /** What the last try ran into; null when there was none. */
      readonly lastError: unknown;
    };

/** How long the way may take to be clear once autovacuum has left; below any `idle_in_transaction_session_timeout` of ours. */
const SETTLE_MS = 3_000;

/** After an autovacuum did not leave. */
const SHOO_AGAIN_MS = 30_000;

/**
 * Looks who holds the wanted locks, and makes a try with a short `lock_timeout` once everyone who does is young; so traffic never waits
 * behind us for longer than `maxStallMs`. `attempt` runs all of a transaction, and is called again after it was rolled back.
 */
export async function standInLine<T>(options: LineOptions, attempt: (one: Try) => Promise<T>): Promise<InLine<T>> {
  const { control, main, limits, signal } = options;
  const started = performance.now();
  const ageOf = watchAges();
  const stalls = watchEnoughStall();
  const told = new Set<string>();
  let patience = firstPatience(limits);
  let attempts = 0;
  let lastError: unknown = null;
  let shooFrom = -Infinity;

  const look = async () => {
    signal?.throwIfAborted();
    const holders = await findHolders(control, await options.targets(), [control, main]);
    const now = performance.now();
    const leaves = (holder: Holder) => holder.kind === 'autovacuum' && holder.vacuumable && now >= shooFrom;
    const oldest = ageOf(
      holders.filter((holder) => !leaves(holder)),
      now,
    );
    return { holders, oldest, autovacuum: holders.some(leaves) };
  };
  const pause = () => sleep(pauseMs(patience, Math.random()), undefined, signal === undefined ? {} : { signal });
  const settle = async () => {
    const until = performance.now() + SETTLE_MS;
    for (;;) {
      const { oldest } = await look();
      if (oldest === null || worthQueueing(patience, oldest.ageMs)) return;
      if (performance.now() >= until) throw new LookAgain('someone else came in between');
      await pause();
    }
  };
  const tellWhoStays = ({ holder, key }: Oldest) => {
    if (!staysLong(holder) || told.has(key)) return;
    told.add(key);
    options.onStays?.(holder);
  };

  for (;;) {
    await options.beforeLook?.();
    const { holders, oldest, autovacuum } = await look();
    const blockers = () => (holders.length > 0 ? blockersOf(holders) : (options.lastBlockers?.() ?? []));
    stalls.looked(oldest);
    const waitedMs = performance.now() - started;
    if (oldest === null || worthQueueing(patience, oldest.ageMs)) {
      attempts += 1;
      if (autovacuum) options.onWait?.({ attempts, waitedMs, blockers: blockers() });
      try {
        const value = await attempt({
          patienceMs: patience.ms,
          attempt: attempts,
          waitedMs,
          autovacuum: autovacuum ? { settle } : null,
        });
        return { kind: 'done', value, attempts, waitedMs };
      } catch (error) {
        if (!mayRetry(error)) throw error;
        lastError = error;
        if (error instanceof AutovacuumStays) shooFrom = performance.now() + SHOO_AGAIN_MS;
        else if (!(error instanceof LookAgain)) {
          stalls.failed(patience.ms);
          patience = failedTry(patience, limits.maxStallMs);
        }
      }
    } else {
      patience = turnedAway(patience, oldest.key, limits.maxStallMs);
      tellWhoStays(oldest);
    }
    if (performance.now() - started >= limits.giveUpAfterMs) {
      return { kind: 'gave-up', attempts, waitedMs, blockers: blockers(), ...stalls.verdict(), lastError };
    }
    options.onWait?.({ attempts, waitedMs, blockers: blockers() });
    await pause();
  }
}

/** Waiting does not help against them, or not for a long time. */
function staysLong({ kind }: Blocker): boolean {
  return kind !== 'session';
}
