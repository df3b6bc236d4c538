import { roughDuration } from '../duration.ts';
import type { ApplyEvent, ApplyResult, BigRelation, RefusedFinding, StatementFailure } from '../migrate/result.ts';
import { codeFrame } from '../report/code-frame.ts';
import { printable } from '../report/printable.ts';
import type { Style } from '../report/style.ts';
import type { Blocker } from '../safety/blockers.ts';
import { SourceText } from '../sql/source-text.ts';
import type { Range } from '../sql/statement.ts';
import { count, counted } from '../terminal/backfill-progress.ts';
import type { LiveLine } from '../terminal/live-line.ts';
import { version } from './version.ts';

/** Tells a person what a run is doing; without a line only what is wrong. */
export function tell(line: LiveLine | null, event: ApplyEvent): void {
  if (line !== null) tellOn(line, event);
  else if (event.event === 'warning') process.stderr.write(`${describeWarning(event)}\n`);
}

function describeWarning({ path, message }: Extract<ApplyEvent, { readonly event: 'warning' }>): string {
  return `warning: ${path === null ? '' : `${printable(path)}: `}${printable(message)}`;
}

function tellOn(line: LiveLine, event: ApplyEvent): void {
  switch (event.event) {
    case 'waiting-for-runner':
      line.show('runner', `waiting for another runner: ${printable(event.holder.owner)}, since ${event.holder.since}`);
      break;
    case 'waiting-for-window':
      line.show(
        `window ${event.opensAt}`,
        `${printable(event.path)}: waiting for its window, which opens at ${event.opensAt}`,
      );
      break;
    case 'waiting-for-replicas': {
      const lag = event.lagMs === null ? '' : `, ${roughDuration(event.lagMs)} behind`;
      line.show(`standby ${event.standby}`, `waiting for the standby ${printable(event.standby)}${lag}`);
      break;
    }
    case 'file':
      line.show(event.path, `${printable(event.path)}: ${TRANSACTION[event.transaction]}`);
      if (event.capReason !== null)
        line.note(
          `${printable(event.path)}: may hold its locks for ${roughDuration(event.capMs)}: ${printable(event.capReason)}`,
        );
      break;
    case 'waiting-for-lock': {
      const [first, ...others] = event.blockers;
      const who = first === undefined ? 'its locks' : describeBlocker(first);
      const more = others.length === 0 ? '' : ` and ${others.length} more`;
      const matter = `${event.path} ${first?.pid}`;
      const query = first === undefined ? '' : describeQuery(first);
      // Who it is comes first: a narrow terminal cuts off the rest.
      const place = `${printable(event.path)}:${event.line}`;
      line.show(matter, `waiting ${roughDuration(event.waitedMs)} for ${who}${more} [${place}]${query}`);
      break;
    }
    case 'progress': {
      const share = event.share === null ? '' : ` ${Math.floor(event.share * 100)} %`;
      const eta = event.etaMs === null ? '' : `, about ${roughDuration(event.etaMs)} left`;
      const who =
        event.waitsFor === null ? '' : `, behind ${describeBlocker(event.waitsFor)}${describeQuery(event.waitsFor)}`;
      const matter = `${event.path} ${event.line} ${event.phase} ${event.waitsFor?.pid}`;
      line.show(matter, `${printable(event.path)}:${event.line}: ${event.phase}${share}${eta}${who}`);
      break;
    }
    case 'backfill':
      line.show(
        `${event.path} ${event.throttledBy ?? ''}`,
        `${printable(event.path)}: ${counted(event.rowsDone, 'row')} changed, ${
          event.throttledBy === null ? `${count(event.rate)} rows/s` : `waiting: ${printable(event.throttledBy)}`
        }; Ctrl-C pauses it`,
      );
      break;
    case 'unforeseen-lock': {
      const { path, relation, taken, predicted, kinds, pgVersion, informed } = event;
      const foretold = predicted === null ? 'no lock' : predicted;
      const why = informed
        ? `unless the schema was changed by hand, please report it with this line: ${kinds.join(', ')} on PostgreSQL ${pgVersion}, tiptoe ${version}`
        : 'the migrations here do not make all tables that they change, so tiptoe could not know';
      line.note(
        `warning: ${printable(path)}: it held ${taken} on ${printable(relation)}, where ${foretold} was foretold; ${why}`,
      );
      break;
    }
    case 'unconfirmed':
      line.note(
        `warning: ${printable(event.path)}: it is committed, but no synchronous standby has confirmed it; look after the standbys (SELECT * FROM pg_stat_replication)`,
      );
      break;
    case 'warning':
      line.note(describeWarning(event));
      break;
    case 'exception':
      if (event.by === 'flag')
        line.note(
          `${printable(event.path)}:${event.line}: ${event.rule} on ${printable(event.relations.join(', '))} is let through by --allow: ${printable(event.reason)}`,
        );
      break;
    case 'plan':
    case 'statement':
    case 'file-done':
      break;
  }
}

const TRANSACTION = {
  file: 'in one transaction',
  statement: 'statement by statement',
  none: 'without a transaction',
} as const;

/** One line for a file that is done: how long it took, and what it cost the traffic. */
export function describeFile(
  { path, statements, durationMs }: Extract<ApplyEvent, { readonly event: 'file-done' }>,
  style: Style,
): string {
  const applied = `${style.green('applied')} ${printable(path)}`;
  if (statements.length === 0) return applied;
  const count = statements.length === 1 ? '1 statement' : `${statements.length} statements`;
  const waited = statements.reduce((sum, { waitedMs }) => sum + waitedMs, 0);
  const held = Math.max(0, ...statements.map(({ heldMs }) => heldMs));
  const tries = Math.max(0, ...statements.map(({ attempts }) => attempts));
  const parts = [`${count} in ${roughDuration(durationMs)}`];
  if (waited >= 10) parts.push(`waited ${roughDuration(waited)} for its locks${tries > 1 ? ` (${tries} tries)` : ''}`);
  if (held > 0) parts.push(`held its locks for ${roughDuration(held)}`);
  return `${applied}: ${parts.join(', ')}`;
}

/** The end of a run that went well. */
export function describeEnd({ files }: ApplyResult, total: number): string {
  const registered = files.filter(({ outcome }) => outcome === 'registered').length;
  const applied = files.length - registered;
  const rest = registered === 0 ? '' : ` ${plural(registered, 'backfill')} to be run: tiptoe backfill list.`;
  if (applied > 0) return `${plural(applied, 'migration')} applied.${rest}`;
  if (registered > 0) return `Nothing to apply.${rest}`;
  return `Nothing to apply: ${total === 1 ? 'the one migration is' : `all ${total} migrations are`} applied already.`;
}

/** Why a run stopped: what happened, where, who was in the way, and what to do next. */
export function describeStop({ message, advice, failure, blockers, findings }: ApplyResult, style: Style): string[] {
  const lines = [style.red(`tiptoe: ${printable(message ?? '')}`)];
  if (failure !== null) lines.push(...describeFailure(failure, style));
  for (const finding of findings) lines.push(...describeFinding(finding, style));
  if (blockers.length > 0) lines.push('In the way:');
  for (const blocker of blockers) {
    lines.push(`  ${describeBlocker(blocker)}`);
    if (blocker.query !== null && blocker.kind === 'session') lines.push(`    ${printable(blocker.query)}`);
  }
  if (advice !== null) lines.push(`  ${printable(advice)}`);
  return lines;
}

export function describeFailure(failure: StatementFailure, style: Style): string[] {
  const { path, line, column, sourceLine, sqlstate } = failure;
  const code = sqlstate === null ? '' : ` (${sqlstate})`;
  return [
    `${printable(path)}:${line}:${column}: ${printable(failure.message)}${code}`,
    ...codeFrame(aloneAt(path, line, sourceLine), caretAt(line, column), style).map((text) => `  ${text}`),
    ...(failure.detail === null ? [] : [`  detail: ${printable(failure.detail)}`]),
    ...(failure.hint === null ? [] : [`  hint: ${printable(failure.hint)}`]),
  ];
}

/** As `tiptoe lint` shows it, and which tables are big. */
export function describeFinding(finding: RefusedFinding, style: Style): string[] {
  const { path, line, column, endLine, endColumn, sourceLine, rule, message, why, instead, big } = finding;
  const { start } = caretAt(line, column);
  const end = endLine === line ? start + endColumn - column : start + sourceLine.length;
  return [
    `${style.bold(`${printable(path)}:${line}:${column}`)}  ${style.red('error')}  ${style.dim(rule)}`,
    ...codeFrame(aloneAt(path, line, sourceLine), { start, end }, style).map((text) => `  ${text}`),
    `  ${style.bold(printable(message))}`,
    `  ${printable(why)}`,
    ...big.map((relation) => `  ${printable(describeSize(relation))}`),
    `  ${style.green('→')} ${printable(instead)}`,
  ];
}

function describeSize({ relation, onServer, rows, unreadable }: BigRelation): string {
  const now = relation === onServer ? '' : `, now ${onServer},`;
  if (unreadable !== null)
    return `How many rows ${relation}${now} has cannot be read (${unreadable}), so it counts as big.`;
  return rows === null
    ? `${relation}${now} has more rows than the gate lets pass.`
    : `${relation}${now} has about ${counted(rows, 'row')}.`;
}

/** One line of a file with its number. */
function aloneAt(path: string, line: number, sourceLine: string): SourceText {
  return new SourceText(path, '\n'.repeat(line - 1) + sourceLine);
}

function caretAt(line: number, column: number): Range {
  const start = line - 1 + column - 1;
  return { start, end: start + 1 };
}

/** `pid 4242 (psql, app_rw, idle in transaction for 3 min) with AccessShareLock on public.users` */
export function describeBlocker(blocker: Blocker): string {
  const { kind, pid, application, user, state, transactionAgeMs } = blocker;
  const age = transactionAgeMs === null ? '' : ` for ${roughDuration(transactionAgeMs)}`;
  const known = [application, user, state === null ? null : `${state}${age}`]
    .filter((part) => part !== null)
    .map((part) => printable(part));
  const claim = describeClaim(blocker);
  switch (kind) {
    case 'prepared-transaction':
      return `the prepared transaction ${printable(blocker.query ?? '?')}${age === '' ? '' : `, prepared ${roughDuration(transactionAgeMs ?? 0)} ago`}, ${claim}; it stays until someone ends it`;
    case 'wraparound-vacuum':
      return `pid ${pid}, an autovacuum that prevents wraparound, ${claim}; let it finish`;
    case 'autovacuum':
      return `pid ${pid}, an autovacuum, ${claim}`;
    case 'session':
      return `pid ${pid} (${known.length === 0 ? 'details need pg_monitor' : known.join(', ')}) ${claim}`;
  }
}

function describeClaim({ on, lock, relation, object }: Blocker): string {
  switch (on) {
    case 'relation':
      return `with ${lock} on ${printable(relation)}`;
    case 'row':
      return relation === '' ? 'with a row that it changed or locked' : `with a row of ${printable(relation)}`;
    case 'snapshot':
      return 'with an older snapshot';
    case 'advisory':
      return `with the advisory lock ${object}`;
    case 'object':
      return object === null ? `with ${lock} on something that is no relation` : `with ${lock} on ${printable(object)}`;
  }
}

/** What a session runs, or ran last, where the server shows it. */
function describeQuery({ kind, query }: Blocker): string {
  return kind === 'session' && query !== null ? `: ${printable(query)}` : '';
}

function plural(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
