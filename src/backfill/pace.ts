import type { Settings } from './settings.ts';

/** How big the next batch may be and when it may start. A value; time is passed in, in milliseconds of any steady clock. */
export interface Pace {
  /** Keys for the next batch, as far as batch time decides. */
  readonly size: number;
  /** Smoothed; null before the first batch. */
  readonly msPerKey: number | null;
  /** Smoothed; how many rows change for each key walked. */
  readonly rowsPerKey: number;
  /** Rows that may be changed now; below 0 what was changed ahead of time. */
  readonly tokens: number;
  readonly tokensAt: number;
}

export interface BatchMeasure {
  readonly keys: number;
  readonly rows: number;
  readonly ms: number;
}

/**
 * A rate holds over any ten seconds within 5 %: unused time is kept for a fifth of a second, and no batch has more rows than a
 * quarter of a second allows.
 */
const KEPT_S = 0.2;
const BATCH_S = 0.25;

const SMOOTHING = 0.3;
const GROWTH = 2;

export function startPace(size: number, now: number): Pace {
  return { size, msPerKey: null, rowsPerKey: 1, tokens: 0, tokensAt: now };
}

/** Keys for the next batch. */
export function batchKeys(pace: Pace, { rate, maxBatchSize }: Settings): number {
  const bySize = Math.min(pace.size, maxBatchSize);
  const byRate = rate === null ? bySize : (rate * BATCH_S) / Math.max(1, pace.rowsPerKey);
  return Math.max(1, Math.floor(Math.min(bySize, byRate)));
}

/** How long to wait before the next batch so that the rate holds. */
export function waitMs(pace: Pace, settings: Settings, now: number): number {
  const { tokens } = refill(pace, settings, now);
  return settings.rate === null || tokens >= 0 ? 0 : Math.ceil((-tokens / settings.rate) * 1000);
}

/** After a batch: towards the size that takes the batch time, at most twice as big, and at once smaller after one that took twice as long. */
export function afterBatch(pace: Pace, settings: Settings, { keys, rows, ms }: BatchMeasure, now: number): Pace {
  const { tokens } = refill(pace, settings, now);
  const last = ms / keys;
  const msPerKey = pace.msPerKey === null ? last : smooth(pace.msPerKey, last);
  const tooSlow = ms > 2 * settings.batchTimeMs;
  const fitting = settings.batchTimeMs / (tooSlow ? Math.max(last, msPerKey) : msPerKey);
  return {
    size: clamp(Math.min(fitting, keys * GROWTH), settings.maxBatchSize),
    msPerKey,
    rowsPerKey: Math.max(rows / keys, smooth(pace.rowsPerKey, rows / keys)),
    tokens: settings.rate === null ? 0 : tokens - rows,
    tokensAt: now,
  };
}

/** After a batch of `keys` keys that failed: a quarter of it. */
export function afterFailure(pace: Pace, keys: number): Pace {
  return { ...pace, size: Math.max(1, Math.floor(keys / 4)), msPerKey: null };
}

function refill(pace: Pace, { rate }: Settings, now: number): { tokens: number } {
  if (rate === null) return { tokens: 0 };
  return { tokens: Math.min(rate * KEPT_S, pace.tokens + (rate * (now - pace.tokensAt)) / 1000) };
}

function smooth(old: number, latest: number): number {
  return old + SMOOTHING * (latest - old);
}

function clamp(size: number, most: number): number {
  return Math.max(1, Math.min(Math.floor(size), most));
}
