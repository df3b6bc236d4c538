import type { Limits } from './limits.ts';

/**
 * How long to stand in line, and how long to stay away between two tries. Pure: the caller looks, waits and tries.
 *
 * A short `lock_timeout` alone does not help behind a long transaction, since every try makes the traffic stand behind us; so we do not
 * even queue while a holder is older than we could wait for. It may be young and stay long, so patience grows while we are turned away.
 */
export interface Patience {
  /** `lock_timeout` of the next try, in milliseconds. */
  readonly ms: number;
  readonly looksInVain: number;
  /** The oldest holder of the last look, and how often in a row it was that one. */
  readonly holder: string | null;
  readonly sameHolder: number;
}

/** Transactions of web requests are gone by then, most of them. */
const FIRST_MS = 30;
const GROWTH = 1.5;
const LOOKS_PER_GROWTH = 8;
const PAUSE_MS = { least: 20, most: 80, longest: 1_000 };

export function firstPatience({
  maxStallMs,
  lockTimeoutMs = FIRST_MS,
}: Pick<Limits, 'maxStallMs' | 'lockTimeoutMs'>): Patience {
  return { ms: Math.min(lockTimeoutMs, maxStallMs), looksInVain: 0, holder: null, sameHolder: 0 };
}

/** Whether to stand in line behind a holder of this age; an unknown age must have been settled by watching it. */
export function worthQueueing(patience: Patience, oldestAgeMs: number): boolean {
  return oldestAgeMs <= 2 * patience.ms;
}

/** After a look that found an old holder. */
export function turnedAway(patience: Patience, holder: string, maxStallMs: number): Patience {
  const looksInVain = patience.looksInVain + 1;
  const grows = looksInVain % LOOKS_PER_GROWTH === 0;
  return {
    ms: grows ? Math.min(patience.ms * GROWTH, maxStallMs) : patience.ms,
    looksInVain,
    holder,
    sameHolder: holder === patience.holder ? patience.sameHolder + 1 : 0,
  };
}

/** After a try that ran into its timeout. */
export function failedTry(patience: Patience, maxStallMs: number): Patience {
  return { ms: Math.min(patience.ms * GROWTH, maxStallMs), looksInVain: 0, holder: null, sameHolder: 0 };
}

/** How long to stay away, in milliseconds; `random` from 0 up to 1 spreads it, so that two runners do not march in step. */
export function pauseMs(patience: Patience, random: number): number {
  const jittered = PAUSE_MS.least + random * (PAUSE_MS.most - PAUSE_MS.least);
  return Math.min(jittered * 1.25 ** patience.sameHolder, PAUSE_MS.longest);
}
