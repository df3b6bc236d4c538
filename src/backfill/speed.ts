/** Work done lately, for the rate and the time that is left. Time is passed in, in milliseconds. */
export interface Speed {
  readonly startedAt: number;
  readonly keys: number;
  readonly rows: number;
  readonly recent: readonly Sample[];
}

interface Sample {
  readonly at: number;
  readonly keys: number;
  readonly rows: number;
}

const WINDOW_MS = 10_000;

export function startSpeed(now: number): Speed {
  return { startedAt: now, keys: 0, rows: 0, recent: [] };
}

export function addBatch(speed: Speed, batch: { readonly keys: number; readonly rows: number }, now: number): Speed {
  const recent = [...speed.recent, { at: now, keys: batch.keys, rows: batch.rows }];
  return {
    ...speed,
    keys: speed.keys + batch.keys,
    rows: speed.rows + batch.rows,
    recent: recent.filter(({ at }) => at > now - WINDOW_MS),
  };
}

/** Rows changed per second, over the last 10 s. */
export function rowsPerSecond(speed: Speed, now: number): number {
  return perSecond(speed, now, ({ rows }) => rows);
}

/** Rows changed per second in the whole run, waits included. */
export function averageRowsPerSecond({ rows, startedAt }: Speed, now: number): number {
  return rows / Math.max(0.001, (now - startedAt) / 1000);
}

/**
 * Seconds for that many more keys: by the last 10 s, and the range between that and the whole run, no shorter than `rate` (rows per
 * second at most) allows. Null while nothing is known.
 */
export function eta(
  speed: Speed,
  keysLeft: number,
  now: number,
  rate: number | null = null,
): { seconds: number; range: [number, number] } | null {
  const lately = perSecond(speed, now, ({ keys }) => keys);
  const overall = speed.keys / Math.max(0.001, (now - speed.startedAt) / 1000);
  if (lately === 0 || overall === 0) return null;
  const rowsPerKey = rowsPerSecond(speed, now) / lately;
  const least = rate === null ? 0 : (keysLeft * rowsPerKey) / rate;
  const estimates = [keysLeft / lately, keysLeft / overall].map((seconds) => Math.max(seconds, least));
  return {
    seconds: Math.round(estimates[0] ?? least),
    range: [Math.floor(Math.min(...estimates)), Math.ceil(Math.max(...estimates))],
  };
}

function perSecond(speed: Speed, now: number, count: (sample: Sample) => number): number {
  const from = Math.max(speed.startedAt, now - WINDOW_MS);
  const total = speed.recent.filter(({ at }) => at > from).reduce((sum, sample) => sum + count(sample), 0);
  return total / Math.max(0.001, (now - from) / 1000);
}
