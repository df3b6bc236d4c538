import { roughDuration } from '../duration.ts';
import type { DemoEvent } from '../demo/event.ts';
import { READER_MS } from '../demo/long-reader.ts';
import type { DemoReport, PhaseName, PhaseReport } from '../demo/report.ts';
import { CUSTOMERS, FILL_COLUMN, ORDERS, safeMigrations, unsafeMigration } from '../demo/shop.ts';
import { CONNECTIONS, type Pulse, REQUESTS_PER_SECOND } from '../demo/traffic.ts';
import { lintPretty } from '../report/lint-pretty.ts';
import type { Style } from '../report/style.ts';
import type { Blocker } from '../safety/blockers.ts';
import { count } from '../terminal/backfill-progress.ts';
import { table } from '../terminal/table.ts';
import { describeBlocker, describeFile } from './apply-text.ts';

const INDENT = '   ';
const REPORT = `a report that keeps its transaction open for ${roughDuration(READER_MS)}`;

/** What stays on the screen of an event; nothing for what is of the moment. */
export function narrate(event: DemoEvent, style: Style): string {
  switch (event.event) {
    case 'server':
      return (
        `${style.bold('One change to a busy table, made twice: with tiptoe, and the usual way.')}\n` +
        chapter(style, 1, 'A shop, open for business') +
        say(`PostgreSQL ${event.version} on port ${event.port}, thrown away at the end`)
      );
    case 'traffic':
      return say(
        `${count(ORDERS)} orders of ${count(CUSTOMERS)} customers`,
        `an application sends ${REQUESTS_PER_SECOND} requests a second over ${CONNECTIONS} connections: reads, updates, new orders`,
      );
    case 'measuring':
      return introduce(event.phase, style);
    case 'measured':
      return say(describePhase(event.phase, style));
    case 'linted':
      return (
        chapter(style, 2, 'Somebody writes a migration', 'tiptoe lint') +
        say(...lintPretty([event.file], style).trimEnd().split('\n'))
      );
    case 'apply':
      return event.of.event === 'file-done' && event.of.statements.length > 0 ? say(describeFile(event.of, style)) : '';
    case 'backfill-first':
      return say(`${style.yellow('stopped')} there: the backfill comes first, then the index`);
    case 'pause-requested':
      return say(`from a second connection, after ${count(event.rowsDone)} rows:`, ...sql(`${event.sql};`, style));
    case 'paused':
      return say(
        `${style.yellow(event.state)} after ${roughDuration(event.afterMs)}, at ${count(event.rowsDone)} rows`,
      );
    case 'still-paused':
      return say(
        `${style.yellow(event.state)} still, ${roughDuration(event.pausedMs)} later, at ${count(event.rowsDone)} rows; with --resume it goes on from there`,
      );
    case 'backfilled':
      return say(
        `${style.green('filled')} ${count(event.rows)} rows in ${count(event.batches)} batches${event.proved ? ', and a last look found none left' : ''}`,
      );
    case 'starting':
    case 'pulse':
    case 'backfill':
      return '';
  }
}

function introduce(phase: PhaseName, style: Style): string {
  switch (phase) {
    case 'calm':
      return '';
    case 'apply':
      return (
        chapter(style, 3, `The safe way, behind ${REPORT}`, 'tiptoe apply') +
        say(...sql(safeMigrations.addColumn.text, style))
      );
    case 'backfill':
      return (
        chapter(style, 4, 'The old rows, in small batches', 'tiptoe backfill run') +
        say(...sql(safeMigrations.backfill.text, style))
      );
    case 'index':
      return chapter(style, 5, 'The rest of it', 'tiptoe apply') + say(...sql(safeMigrations.createIndex.text, style));
    case 'naive-migration':
      return (
        chapter(style, 6, 'The usual way, on a copy, behind the same report', 'psql -f') +
        say(...sql(unsafeMigration.text, style), 'psql queues behind the report, and everyone else queues behind psql')
      );
    case 'naive-backfill':
      return (
        chapter(style, 7, 'All rows at once, on another copy', 'psql -c') +
        say(...sql(FILL_COLUMN, style), 'every row that it has reached stays locked until it has reached the last one')
      );
  }
}

/** Who is in the way, told once. */
export function describeReader(blocker: Blocker): string {
  return say(
    `in the way: ${describeBlocker(blocker)}`,
    'tiptoe does not queue behind it, so nobody queues behind tiptoe',
  );
}

/** What is going on, in one line. */
export function describePulse(phase: PhaseName, pulse: Pulse, waitsFor: Blocker | null): string {
  const { samples, maxMs, waiting, longestWaitMs } = pulse;
  const felt = `${count(samples)} requests answered, the slowest in ${latency(maxMs)}`;
  if (longestWaitMs > QUEUED_MS) return `${count(waiting)} requests wait, the longest for ${latency(longestWaitMs)}`;
  return phase === 'apply' && waitsFor !== null ? `waiting for pid ${waitsFor.pid}, in nobody's way: ${felt}` : felt;
}

/** A request that waits for longer is a matter of locks, not of load. */
const QUEUED_MS = 300;

function describePhase({ samples, p50Ms, p99Ms, maxMs, errors }: PhaseReport, style: Style): string {
  const failed = errors === 0 ? '' : `, ${style.red(`${count(errors)} failed`)}`;
  return `${style.cyan('traffic')}: ${count(samples)} requests, p50 ${latency(p50Ms)}, p99 ${latency(p99Ms)}, slowest ${latency(maxMs)}${failed}`;
}

const PHASES: Readonly<Record<PhaseName, string>> = {
  calm: 'calm, before anything',
  apply: 'tiptoe apply, the column, behind a report',
  backfill: 'tiptoe backfill run, with a pause',
  index: 'tiptoe apply, the index',
  'naive-migration': 'psql, column and index, behind a report',
  'naive-backfill': 'psql, one UPDATE',
};

/** The table at the end, and what it comes to. */
export function describeResult(
  { phases }: DemoReport,
  { style, ruled }: { readonly style: Style; readonly ruled: boolean },
): string {
  const worst = (kind: PhaseReport['kind']): number =>
    Math.max(...phases.filter((phase) => phase.kind === kind).map(({ maxMs }) => maxMs));
  const colour = { calm: style.dim, tiptoe: style.green, naive: style.red };
  const rows = phases.map(({ name, kind, samples, p50Ms, p99Ms, maxMs, errors }) => [
    PHASES[name],
    count(samples),
    ...[p50Ms, p99Ms, maxMs].map((ms) => colour[kind](latency(ms))),
    count(errors),
  ]);
  const heads = ['What the traffic felt', 'requests', 'p50', 'p99', 'slowest', 'failed'];
  const columns = heads.map(
    (head, index) => ({ head: style.bold(head), align: index === 0 ? 'left' : 'right' }) as const,
  );
  return [
    '',
    table(columns, rows, { ruled, indent: INDENT }),
    '',
    `${INDENT}The same change: with tiptoe nobody waited longer than ${style.green(latency(worst('tiptoe')))}, the usual way ${style.red(latency(worst('naive')))}.`,
    '',
  ].join('\n');
}

function chapter(style: Style, number: number, title: string, command?: string): string {
  return `\n${style.bold(`${number}  ${title}`)}${command === undefined ? '' : style.dim(`  $ ${command}`)}\n`;
}

function say(...lines: readonly string[]): string {
  return lines.map((line) => `${`${INDENT}${line}`.trimEnd()}\n`).join('');
}

function sql(text: string, style: Style): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${style.dim('│')} ${style.cyan(line)}`);
}

/** `0.8 ms`, `63 ms`, `3.0 s` */
function latency(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
