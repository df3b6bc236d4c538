import { printable } from '../report/printable.ts';
import type { LiveLine } from './live-line.ts';

/** What a watcher is shown of a running backfill. */
export interface BackfillView extends Batched {
  readonly name: string;
  readonly rowsVisited: number;
  readonly rowsTotal: number | null;
  readonly rowsTotalExact: boolean;
  readonly rowsDone: number;
  /** Rows changed per second. */
  readonly rate: number;
  readonly etaRange: readonly [number, number] | null;
  readonly throttledBy: string | null;
}

/** What a process knows of its own batches. */
interface Batched {
  readonly averageRate: number;
  readonly batchKeys: number;
  readonly batchMs: number;
  /** null as long as nothing is known. */
  readonly figures: BackfillFigures | null;
}

/** How the server fares meanwhile. */
export interface BackfillFigures {
  /** `standbys 0.3 s behind` */
  readonly lag: string | null;
  readonly deadRows: number;
  readonly timeLost: readonly { readonly signal: string; readonly seconds: number }[];
}

/** Shows how far a backfill is: at once in a terminal, else now and then. */
export function showBackfill(line: LiveLine, view: BackfillView): void {
  line.show(view.throttledBy ?? 'working', printable(describe(view)));
}

/** Shows how far the others are while a process that joined them has nothing to do, or waits as they do. */
export function showOthers(line: LiveLine, view: Omit<BackfillView, keyof Batched>): void {
  const parts = [`${view.name}: ${share(view)}`, `${counted(view.rowsDone, 'row')} changed`];
  if (view.throttledBy !== null) parts.push(`waiting: ${view.throttledBy}`);
  else {
    parts.push(`${count(view.rate)} rows/s`);
    if (view.etaRange !== null) parts.push(`${timeLeft(view.etaRange)} left`);
    parts.push('others are at all of it');
  }
  line.show(view.throttledBy ?? 'others', printable(parts.join(', ')));
}

function describe(view: BackfillView): string {
  const parts = [`${view.name}: ${share(view)}`, `${counted(view.rowsDone, 'row')} changed`];
  if (view.throttledBy !== null) return [...parts, `waiting: ${view.throttledBy}`].join(', ');
  parts.push(`${count(view.rate)} rows/s (average ${count(view.averageRate)})`);
  if (view.etaRange !== null) parts.push(`${timeLeft(view.etaRange)} left`);
  parts.push(`batches of ${count(view.batchKeys)} in ${count(view.batchMs)} ms`);
  return [...parts, ...describeFigures(view.figures)].join(', ');
}

function describeFigures(figures: BackfillFigures | null): string[] {
  if (figures === null) return [];
  const { lag, deadRows, timeLost } = figures;
  return [
    ...(lag === null ? [] : [lag]),
    counted(deadRows, 'dead row'),
    ...timeLost
      .filter(({ seconds }) => seconds >= 1)
      .map(({ signal, seconds }) => `${span(seconds)} lost to ${signal}`),
  ];
}

function share({ rowsVisited, rowsTotal, rowsTotalExact }: Omit<BackfillView, keyof Batched>): string {
  if (rowsTotal === null || rowsTotal === 0) return counted(rowsVisited, 'key');
  const percent = Math.min(100, Math.floor((rowsVisited / rowsTotal) * 100));
  return `${percent} % of ${rowsTotalExact ? '' : 'about '}${counted(rowsTotal, 'key')}`;
}

/** `38 s to 50 s`, `2 h`. */
export function timeLeft([low, high]: readonly [number, number]): string {
  const [from, to] = [span(low), span(high)];
  return from === to ? from : `${from} to ${to}`;
}

function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,234,567` */
export function count(value: number): string {
  return numbers.format(value);
}

/** `1 row`, `1,234 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
