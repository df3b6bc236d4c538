const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** More time under locks than this is a mistake, and the server counts its timeouts in 31 bits. */
export const LONGEST_CAP_MS = 24 * 60 * 60_000;

/** A duration such as `250ms`, `5s`, `10min`, `2h`, in milliseconds; null where it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

/** The same the other way round, in the largest unit that gives a whole number: `250ms`, `5s`. */
export function formatDuration(ms: number): string {
  for (const unit of ['h', 'min', 's']) {
    const size = UNITS[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** A time as people read it, to two or three digits: `80 ms`, `4.2 s`, `3 min`. */
export function roughDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const [size, unit] = ms < 60_000 ? [1_000, 's'] : ms < 3_600_000 ? [60_000, 'min'] : [3_600_000, 'h'];
  return `${(ms / size).toFixed(1).replace(/\.0$/, '')} ${unit}`;
}
