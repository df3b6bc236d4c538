import { roughBytes } from '../bytes.ts';
import type { LiveSettings, WorkKind } from './live-settings.ts';

/** How long work on tables takes. */
export interface Estimate {
  readonly seconds: readonly [number, number];
  /** What it was reckoned from: `84 GB at 120 to 480 MB/s`. */
  readonly basis: string;
  /** Of UPDATE and DELETE: how many rows are changed. */
  readonly rows?: readonly [number, number];
  /** And the WAL that this writes, which every replica gets. */
  readonly walBytes?: readonly [number, number];
}

/** Bytes to work through. */
export type WorkBytes = Readonly<Partial<Record<WorkKind, number>>>;

export const MEGABYTE = 1_048_576;

/** Null where there is nothing to work through. */
export function estimateOf(work: WorkBytes, { throughput }: Pick<LiveSettings, 'throughput'>): Estimate | null {
  let low = 0;
  let high = 0;
  const basis: string[] = [];
  for (const kind of ['scan', 'indexBuild', 'rewrite'] as const) {
    const bytes = work[kind] ?? 0;
    if (bytes === 0) continue;
    const [slowest, fastest] = throughput[kind];
    low += bytes / MEGABYTE / fastest;
    high += bytes / MEGABYTE / slowest;
    basis.push(`${roughBytes(bytes)} at ${slowest === fastest ? slowest : `${slowest} to ${fastest}`} MB/s`);
  }
  return basis.length === 0 ? null : { seconds: [rounded(low), rounded(high)], basis: basis.join(' and ') };
}

export function rounded(seconds: number): number {
  return Number(seconds.toPrecision(3));
}

const UNITS = [
  [86_400, 'days'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** `3 to 12 min`, `under 1 s`. */
export function roughRange([low, high]: Estimate['seconds']): string {
  if (high < 1) return 'under 1 s';
  const [size, unit] = UNITS.find(([seconds]) => high >= 2 * seconds) ?? [1, 's'];
  const shown = (seconds: number): string => {
    const value = seconds / size;
    return value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
  };
  const [from, to] = [shown(low), shown(high)];
  if (from === to) return `${to} ${unit}`;
  return from === '0' ? `up to ${to} ${unit}` : `${from} to ${to} ${unit}`;
}
