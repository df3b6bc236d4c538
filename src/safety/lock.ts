import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { blockersOf, findHolders, type Blocker, type Holder, type LockTarget } from './blockers.ts';
import type { Limits } from './limits.ts';
import { failedTry, firstPatience, pauseMs, turnedAway, worthQueueing } from './patience.ts';
import { mayRetry } from './retry.ts';
import { shooAutovacuum } from './autovacuum.ts';

export interface LineOptions {
  /** The session that looks. */
  readonly control: Session;
  /** The session that will stand in line. */
  readonly main: Session;
  readonly limits: Limits;
  /** What is wanted; asked before each look, since a failed try may have learned more. */
  readonly targets: () => readonly LockTarget[];
  /** Who was in the way of the last try, where no holder of a wanted lock is: row locks, most often. */
  readonly lastBlockers?: () => readonly Blocker[];
  readonly onWait?: (wait: Wait) => void;
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
}

export type InLine<T> =
  | { readonly kind: 'done'; readonly value: T; readonly attempts: number; readonly waitedMs: number }
  | {
      readonly kind: 'gave-up';
      readonly attempts: number;
      readonly waitedMs: number;
      readonly blockers: readonly Blocker[];
      /** With this `maxStallMs` it would have been tried at half of the looks; null when holders stay for longer than anyone should wait. */
      readonly enoughStallMs: number | null;
      /** What the last try ran into; null when there was none. */
      readonly lastError: unknown;
    };

/** Holders of this age are not waited out, they are waited for. */
const LONG_MS = 4_000;

/** From so many holders on, one after the other, the age at which they are found tells how long they stay. */
const ENOUGH_HOLDERS = 3;

/**
 * Looks who holds the wanted locks, and makes a try with a short `lock_timeout` once everyone who does is young; so traffic never waits
 * behind us for longer than `maxStallMs`. `attempt` runs all of a transaction, and is called again after it was rolled back.
 */
export async function standInLine<T>(options: LineOptions, attempt: (one: Try) => Promise<T>): Promise<InLine<T>> {
  const { control, main, limits, signal } = options;
  const started = performance.now();
  const ageOf = watchAges();
  const oldestAges: number[] = [];
  const oldestHolders = new Set<string>();
  let patience = firstPatience(limits.maxStallMs);
  let attempts = 0;
  let lastError: unknown = null;
  let shooed = false;
  for (;;) {
    signal?.throwIfAborted();
    const holders = await findHolders(control, options.targets(), [control, main]);
    const oldest = ageOf(holders, performance.now());
    oldestAges.push(oldest?.ageMs ?? 0);
    if (oldest !== null) oldestHolders.add(oldest.key);
    const waitedMs = performance.now() - started;
    if (oldest === null || worthQueueing(patience, oldest.ageMs)) {
      attempts += 1;
      try {
        return {
          kind: 'done',
          value: await attempt({ patienceMs: patience.ms, attempt: attempts, waitedMs }),
          attempts,
          waitedMs,
        };
      } catch (error) {
        if (!mayRetry(error)) throw error;
        lastError = error;
        patience = failedTry(patience, limits.maxStallMs);
      }
    } else if (oldest.holder.kind === 'autovacuum' && !shooed) {
      shooed = await shooAutovacuum(main, options.targets());
      if (shooed) continue;
    } else {
      patience = turnedAway(patience, oldest.key, limits.maxStallMs);
    }
    const blockers = holders.length > 0 ? blockersOf(holders) : (options.lastBlockers?.() ?? []);
    if (performance.now() - started >= limits.giveUpAfterMs) {
      return {
        kind: 'gave-up',
        attempts,
        waitedMs,
        blockers,
        enoughStallMs: enoughStall(oldestAges, oldestHolders.size),
        lastError,
      };
    }
    options.onWait?.({ attempts, waitedMs, blockers });
    await sleep(pauseMs(patience, Math.random()), undefined, signal === undefined ? {} : { signal });
  }
}

interface Oldest {
  readonly holder: Holder;
  readonly key: string;
  readonly ageMs: number;
}

/**
 * The oldest of the holders. One whose age the server hides is as old as we have seen it; when it was not there at the look before, it is
 * at most as old as that look, and at the first look it may be of any age.
 */
function watchAges(): (holders: readonly Holder[], now: number) => Oldest | null {
  let firstSeen = new Map<string, number>();
  let lastLook = -Infinity;
  return (holders, now) => {
    const seen = new Map<string, number>();
    let oldest: Oldest | null = null;
    for (const holder of holders) {
      const key = `${holder.pid} ${holder.transaction}`;
      const since = firstSeen.get(key) ?? lastLook;
      seen.set(key, since === -Infinity ? now : since);
      const ageMs = holder.transactionAgeMs ?? now - since;
      if (oldest === null || ageMs > oldest.ageMs) oldest = { holder, key, ageMs };
    }
    firstSeen = seen;
    lastLook = now;
    return oldest;
  };
}

function enoughStall(oldestAges: readonly number[], holders: number): number | null {
  if (holders < ENOUGH_HOLDERS) return null;
  const median = oldestAges.toSorted((a, b) => a - b)[Math.floor(oldestAges.length / 2)] ?? Infinity;
  return median <= LONG_MS ? Math.ceil(median / 2 / 50) * 50 : null;
}
