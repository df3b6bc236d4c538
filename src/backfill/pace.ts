import type { Settings } from './settings.ts';

/** How big the next batch may be and when it may start. A value; time is passed in, in milliseconds of any steady clock. */
export interface Pace {
  /** Keys for the next batch, as far as batch time decides. */
  readonly size: number;
  /** Smoothed; null before the first batch. */
  readonly msPerKey: number | null;
  /** Smoothed; how many rows change for each key walked. */
  readonly rowsPerKey: number;
  /** Smoothed; null before it was measured. */
  readonly walPerRow: number | null;
  readonly rows: Budget;
  readonly wal: Budget;
}

/** What may be spent now, of a limit per second; below 0 what was spent ahead of time. */
interface Budget {
  readonly left: number;
  readonly at: number;
}

export interface BatchMeasure {
  readonly keys: number;
  readonly rows: number;
  readonly ms: number;
  /** Bytes; null where they were not measured. */
  readonly wal: number | null;
}

/**
 * A limit holds over any ten seconds within 5 %: unused time is kept for a fifth of a second, and no batch spends more than a quarter
 * of a second allows.
 */
const KEPT_S = 0.2;
const BATCH_S = 0.25;

/** Bytes, until it is known: a narrow row with one index writes a tenth of it, the first one on a page after a checkpoint all of the page. */
const ASSUMED_WAL_PER_ROW = 2_048;

const SMOOTHING = 0.3;
const GROWTH = 2;
/** For a batch that took so small a part of the batch time there is room for four times as much. */
const FAR_BELOW = 1 / 8;
const MB = 1024 * 1024;

export function startPace(size: number, now: number): Pace {
  const budget = { left: 0, at: now };
  return { size, msPerKey: null, rowsPerKey: 1, walPerRow: null, rows: budget, wal: budget };
}

/** Keys for the next batch. */
export function batchKeys(pace: Pace, { rate, maxWalMb, maxBatchSize }: Settings): number {
  const { size, walPerRow } = pace;
  // Every key may be one to change, also after many that were not.
  const rowsPerKey = Math.max(1, pace.rowsPerKey);
  const byRate = rate === null ? Infinity : (rate * BATCH_S) / rowsPerKey;
  const walPerKey = rowsPerKey * Math.max(1, walPerRow ?? ASSUMED_WAL_PER_ROW);
  const byWal = maxWalMb === null ? Infinity : (maxWalMb * MB * BATCH_S) / walPerKey;
  return Math.max(1, Math.floor(Math.min(size, maxBatchSize, byRate, byWal)));
}

/** How long to wait before the next batch so that the limits hold. */
export function waitMs(pace: Pace, { rate, maxWalMb }: Settings, now: number): number {
  return Math.max(waitFor(pace.rows, rate, now), waitFor(pace.wal, walLimit(maxWalMb), now));
}

/** After a batch: towards the size that takes the batch time, at most twice as big (four times while far below), and at once smaller after one that took twice as long. */
export function afterBatch(pace: Pace, settings: Settings, batch: BatchMeasure, now: number): Pace {
  const { keys, rows, ms, wal } = batch;
  const last = ms / keys;
  const msPerKey = pace.msPerKey === null ? last : smooth(pace.msPerKey, last);
  const tooSlow = ms > 2 * settings.batchTimeMs;
  const growth = ms < FAR_BELOW * settings.batchTimeMs ? GROWTH ** 2 : GROWTH;
  const fitting = settings.batchTimeMs / (tooSlow ? Math.max(last, msPerKey) : msPerKey);
  return {
    size: clamp(Math.min(fitting, keys * growth), settings.maxBatchSize),
    msPerKey,
    rowsPerKey: Math.max(rows / keys, smooth(pace.rowsPerKey, rows / keys)),
    walPerRow: walPerRow(pace.walPerRow, batch),
    rows: spend(pace.rows, settings.rate, rows, now),
    wal: spend(pace.wal, walLimit(settings.maxWalMb), wal ?? 0, now),
  };
}

/** After a batch of `keys` keys that failed: a quarter of it. */
export function afterFailure(pace: Pace, keys: number): Pace {
  return { ...pace, size: Math.max(1, Math.floor(keys / 4)), msPerKey: null };
}

function walLimit(maxWalMb: number | null): number | null {
  return maxWalMb === null ? null : maxWalMb * MB;
}

/** A batch that changes nothing says nothing of what one row writes. */
function walPerRow(before: number | null, { rows, wal }: BatchMeasure): number | null {
  if (wal === null || rows === 0) return before;
  return before === null ? wal / rows : Math.max(wal / rows, smooth(before, wal / rows));
}

function waitFor(budget: Budget, limit: number | null, now: number): number {
  if (limit === null) return 0;
  const { left } = refill(budget, limit, now);
  return left >= 0 ? 0 : Math.ceil((-left / limit) * 1000);
}

function spend(budget: Budget, limit: number | null, amount: number, now: number): Budget {
  if (limit === null) return { left: 0, at: now };
  return { left: refill(budget, limit, now).left - amount, at: now };
}

function refill({ left, at }: Budget, limit: number, now: number): Budget {
  return { left: Math.min(limit * KEPT_S, left + (limit * (now - at)) / 1000), at: now };
}

function smooth(old: number, latest: number): number {
  return old + SMOOTHING * (latest - old);
}

function clamp(size: number, most: number): number {
  return Math.max(1, Math.min(Math.floor(size), most));
}
