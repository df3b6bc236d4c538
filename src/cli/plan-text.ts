import { roughBytes } from '../bytes.ts';
import { describe } from '../db/connection.ts';
import { roughDuration } from '../duration.ts';
import type { Counters } from '../inspect/table-facts.ts';
import { fileCap } from '../migrate/file-cap.ts';
import type { Finding } from '../lint/engine.ts';
import { fileBlock } from '../report/explain-pretty.ts';
import { plural } from '../report/counts.ts';
import { counted } from '../terminal/backfill-progress.ts';
import { printable } from '../report/printable.ts';
import type { Style } from '../report/style.ts';
import type { LongTransaction, ReplicationSlot } from '../safety/in-the-way.ts';
import { describeBlocker, describeFailure, describeFinding } from './apply-text.ts';
import type { Plan, PlannedFile, PlannedTable, PlannedWindow } from './planned.ts';

/** The plan for a person: what would be run, on what, and what is in the way. */
export function planPretty(plan: Plan, style: Style): string {
  const sections = [
    head(plan, style),
    refusal(plan, style),
    ...plan.files.map((file, index) => fileSection(file, index + 1, style)),
    section('Tables', plan.tables.map(tableLine), style),
    section('In the way right now', inTheWay(plan), style),
    section(
      'Open backfills',
      plan.backfills.map(
        ({ name, state, rowsDone }) =>
          `${printable(name)}: ${state}, ${counted(rowsDone, 'row')} changed; tiptoe backfill status ${printable(name)} tells more`,
      ),
      style,
    ),
  ];
  return sections.filter((text) => text !== '').join('\n');
}

function head({ connection, server, limits, window, files, total }: Plan, style: Style): string {
  const { maxStallMs, capMs, giveUpAfterMs } = limits;
  const work = files.length === 0 ? 'nothing to apply' : `${files.length} of ${plural(total, 'migration')} to apply`;
  const lines = [
    `${style.bold(`Plan for ${printable(describe(connection))}`)} (PostgreSQL ${server.version}): ${work}`,
    ...(files.length === 0
      ? []
      : [
          style.dim(
            `  traffic waits ${roughDuration(maxStallMs)} at most behind us; locks that block others are held for ${roughDuration(capMs)} at most; each is tried for up to ${roughDuration(giveUpAfterMs)}`,
          ),
        ]),
    ...(window === null ? [] : [`  ${describeWindow(window)}`]),
    ...(server.isStandby
      ? ['  this is a standby: apply needs its primary, and what is in the way there cannot be seen from here']
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function describeWindow({ windows, open, opensAt }: PlannedWindow): string {
  const begins = `work is begun only in the window ${windows.map((text) => printable(text)).join(', ')}`;
  if (open) return `${begins}, which is open now`;
  return opensAt === null ? `${begins}, which no day of the coming weeks has` : `${begins}, which opens at ${opensAt}`;
}

function refusal({ refused, warnings }: Plan, style: Style): string {
  const lines = warnings.map(
    ({ path, message }) =>
      `${style.yellow('warning')}: ${path === null ? '' : `${printable(path)}: `}${printable(message)}`,
  );
  if (refused !== null) {
    const { message, advice, failure, findings } = refused;
    lines.push(`${style.red('apply would refuse')}: ${printable(message ?? '')}`);
    if (failure !== null) lines.push(...describeFailure(failure, style));
    for (const finding of findings) lines.push(...describeFinding(finding, style));
    if (advice !== null) lines.push(`  ${printable(advice)}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function fileSection({ entry, file, done, requires, waits }: PlannedFile, place: number, style: Style): string {
  const left = { ...file, statements: file.statements.filter(({ statement }) => !done.has(statement.index)) };
  const cap = fileCap(entry);
  const remarks = [
    ...(cap === null ? [] : [`may hold its locks for ${roughDuration(cap.ms)}: ${printable(cap.reason)}`]),
    ...(entry.standing === 'pending' ? [] : [standingNow(entry.standing, done.size)]),
    ...(entry.outOfOrder ? ['comes before migrations that are applied'] : []),
    ...requires.map(
      ({ name, state, met }) =>
        `requires ${printable(name)}, which is ${met ? style.green(state) : style.yellow(state)}`,
    ),
    ...(waits === null
      ? []
      : [`${style.yellow('waits')} for the backfill ${printable(waits.backfill)}: ${printable(waits.reason)}`]),
  ];
  return [
    `${place}. ${fileBlock(left, style, entry.kind === 'backfill' ? BACKFILL : undefined).trimEnd()}`,
    ...remarks.map((text) => `   ${text}`),
    ...file.findings.map((finding) => `   ${findingLine(file, finding, style)}`),
    '',
  ].join('\n');
}

const BACKFILL = 'a backfill, in batches; what needs it or touches its tables waits until it has succeeded';

function standingNow(standing: string, done: number): string {
  if (standing === 'half-done')
    return `half-done: ${plural(done, 'statement')} of it stand already, and are left out here`;
  return standing === 'running' ? 'begun by a runner that is at work or has died' : `${standing} the last time`;
}

function findingLine(
  { script }: PlannedFile['file'],
  { rule, severity, range, message }: Finding,
  style: Style,
): string {
  const { line } = script.source.position(range.start);
  const paint = severity === 'error' ? style.red : style.yellow;
  return `${paint(severity)} ${style.dim(rule)} in line ${line}: ${printable(message)}`;
}

function section(title: string, lines: readonly string[], style: Style): string {
  if (lines.length === 0) return '';
  return `${style.bold(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function tableLine({ relation, facts, since, average, now }: PlannedTable): string {
  const name = printable(relation);
  if (facts === null) return `${name}: not there yet`;
  const { bytes, indexBytes, bytesEstimated, rows } = facts;
  const size = `${bytesEstimated ? 'about ' : ''}${roughBytes(bytes)}`;
  const indexes = indexBytes === 0 ? '' : ` (${roughBytes(indexBytes)} of it indexes)`;
  const parts = [`${size}${indexes}, about ${counted(rows, 'row')}`];
  if (now !== null) parts.push(`right now ${rates(now)}`);
  if (average !== null) parts.push(`since ${since ?? ''} ${rates(average)}`);
  return `${name}: ${parts.join('; ')}`;
}

function rates(counters: Counters): string {
  const parts = (['reads', 'inserts', 'updates', 'deletes'] as const)
    .filter((key) => counters[key] > 0)
    .map((key) => `${counters[key].toLocaleString('en-US')} ${key}/s`);
  return parts.length === 0 ? 'no traffic' : parts.join(', ');
}

/** More would bury the rest; the oldest come first. */
const SHOWN_TRANSACTIONS = 10;

function inTheWay({
  runner,
  holders,
  inTheWay: { transactions, preparedTransactions, replicationSlots },
  server,
}: Plan): string[] {
  const holding = new Set(holders.map(({ pid }) => pid));
  const others = transactions.filter(({ pid }) => !holding.has(pid));
  const more = others.length - SHOWN_TRANSACTIONS;
  return [
    ...(runner === null ? [] : [`another runner: ${printable(runner.owner)}, since ${runner.since}`]),
    ...holders.map(describeBlocker),
    ...others.slice(0, SHOWN_TRANSACTIONS).map(describeTransaction),
    ...(more > 0 ? [`and ${more} more transactions of more than a second`] : []),
    ...preparedTransactions
      .filter(({ name }) => holders.every(({ kind, query }) => kind !== 'prepared-transaction' || query !== name))
      .map(
        ({ name, user, ageMs }) =>
          `the prepared transaction ${printable(name)} of ${printable(user)}, prepared ${roughDuration(ageMs)} ago; it stays until someone ends it`,
      ),
    ...replicationSlots.map(describeSlot),
    ...(server.seesAllActivity
      ? []
      : [
          'how long transactions of other roles are open is not visible here: GRANT pg_monitor TO the role of this connection',
        ]),
  ];
}

function describeTransaction({ pid, application, user, state, ageMs, snapshot }: LongTransaction): string {
  const known = [application, user, state].filter((part) => part !== null).map((part) => printable(part));
  const effect = snapshot ? '; CREATE INDEX CONCURRENTLY and the like wait for its snapshot' : '';
  return `pid ${pid} (${known.join(', ')}), a transaction of ${roughDuration(ageMs)}${effect}`;
}

function describeSlot({ name, kind, active, retainedBytes, xminAge }: ReplicationSlot): string {
  const keeps = retainedBytes === null ? 'keeps no WAL' : `keeps ${roughBytes(retainedBytes)} of WAL`;
  const horizon = xminAge === null ? '' : ` and dead rows of the last ${xminAge.toLocaleString('en-US')} transactions`;
  return `replication slot ${printable(name)} (${kind}, ${active ? 'active' : 'nobody reads it'}) ${keeps}${horizon}`;
}
