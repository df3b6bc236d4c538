import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { accessProblem } from '../backfill/access.ts';
import { changeSettings, requestState } from '../backfill/control.ts';
import { readLog } from '../backfill/log.ts';
import { type DesiredState, isAtWork } from '../backfill/machine.ts';
import { previewBackfill } from '../backfill/preview.ts';
import { describeSettings } from '../backfill/settings.ts';
import { type BackfillDetails, backfillStatus, type BackfillStatus, listBackfills } from '../backfill/status.ts';
import { verifyBackfill } from '../backfill/verify.ts';
import { describeLag } from '../backfill/lag.ts';
import { meanwhileLines, upkeepLines } from './backfill-upkeep.ts';
import { describeVerified, publishVerified } from './backfill-verified.ts';
import { type ConnectionSettings, resolveConnection } from '../db/connection.ts';
import { roughDuration } from '../duration.ts';
import { readServer, requirePrimary } from '../db/server.ts';
import { type Session, withSession } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import { CONTROL_SETTINGS } from '../safety/limits.ts';
import { loadParser } from '../sql/libpg.ts';
import { count, counted, timeLeft } from '../terminal/backfill-progress.ts';
import {
  type CommonOptions,
  type LogOptions,
  readSettings,
  type ReportOptions,
  type SettingOptions,
  type StatusOptions,
} from './backfill-options.ts';
import { sqlLines, sqlOf } from './backfill-preview.ts';
import { SUFFIX } from './backfill-source.ts';
import type { ExitCode } from './exit.ts';

/** `tiptoe backfill list`, and `status` without a name: those that are not done. */
export async function showList(options: StatusOptions, { open = false } = {}): Promise<ExitCode> {
  const all = await withControl(options, (session) => listBackfills(session, options.schema));
  const backfills = open ? all.filter(isOpen) : all;
  if (options.format === 'ndjson') for (const status of backfills) print(JSON.stringify(status));
  else if (options.format === 'json') print(JSON.stringify({ version: 1, backfills }));
  else if (backfills.length === 0) print(all.length === 0 ? 'No backfills.' : 'No open backfills.');
  else for (const status of backfills) print(printable(headline(status)));
  return 0;
}

/** Not done, and not given up. */
export function isOpen({ state }: BackfillStatus): boolean {
  return state !== 'succeeded' && state !== 'cancelled';
}

/** `tiptoe backfill status NAME` */
export async function showStatus(given: string, options: StatusOptions): Promise<ExitCode> {
  const name = nameOf(given);
  const status = await withControl(options, (session) => backfillStatus(session, options.schema, name));
  if (options.format !== 'pretty') print(JSON.stringify(status));
  else for (const line of details(status)) print(printable(line));
  return 0;
}

/** `tiptoe backfill status NAME --sql` */
export async function showSql(given: string, options: StatusOptions): Promise<ExitCode> {
  const name = nameOf(given);
  await loadParser();
  const { schema, format } = options;
  const preview = await previewBackfill({ connection: connectionOf(options), schema, source: { name } });
  if (format !== 'pretty') print(JSON.stringify({ version: 1, name, ...sqlOf(preview) }));
  else for (const line of sqlLines(preview)) print(printable(line));
  return 0;
}

/** `tiptoe backfill log NAME` */
export async function showLog(given: string, options: LogOptions): Promise<ExitCode> {
  const name = nameOf(given);
  const log = await withControl(options, (session) => readLog(session, options.schema, name, options.last));
  if (options.format === 'json') print(JSON.stringify({ version: 1, name, log }));
  else
    for (const { at, who, application, what } of log)
      print(printable(`${at}  ${who}${application === null ? '' : ` (${application})`}  ${what}`));
  return 0;
}

/** How long a request may take until it is said that it was made, but not reached. */
const REACH_MS = 10_000;
const POLL_MS = 200;

/** `tiptoe backfill pause`, `resume` and `cancel` */
export async function request(given: string, desired: DesiredState, options: CommonOptions): Promise<ExitCode> {
  const name = nameOf(given);
  const status = await withControl(options, async (session) => {
    requirePrimary(await readServer(session), session.connection);
    const deadline = performance.now() + REACH_MS;
    let status = await requestState(session, options.schema, name, desired);
    for (;;) {
      const reached = desired === 'running' || status.state === desired || status.runner === null;
      if (reached || performance.now() > deadline) return status;
      await sleep(POLL_MS);
      status = await backfillStatus(session, options.schema, name);
    }
  });
  print(printable(answer(status, desired)));
  return 0;
}

/** `tiptoe backfill set` */
export async function set(given: string, options: CommonOptions & SettingOptions): Promise<ExitCode> {
  const name = nameOf(given);
  const settings = readSettings(options);
  if (Object.keys(settings).length === 0) {
    throw new Problem('Nothing to set is given.', { advice: `For example: tiptoe backfill set ${name} --rate 5000` });
  }
  const status = await withControl(options, async (session) => {
    requirePrimary(await readServer(session), session.connection);
    return changeSettings(session, options.schema, name, settings);
  });
  print(printable(`${name}: ${describeSettings(status.settings).join(', ')}`));
  return 0;
}

/** `tiptoe backfill verify` */
export async function verify(given: string, options: ReportOptions): Promise<ExitCode> {
  const name = nameOf(given);
  await loadParser();
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const verified = await verifyBackfill(connectionOf(options), options.schema, name, stop.signal);
    if (verified === null) throw new Problem('Stopped before the end of the count.', { exitCode: 3 });
    const { remaining, keysSkipped, upkeep, cameMeanwhile } = verified;
    const skipped = keysSkipped === 0 ? {} : { keysSkipped };
    if (options.format === 'json') {
      print(JSON.stringify({ version: 1, name, ...publishVerified(remaining), ...skipped, upkeep, cameMeanwhile }));
    } else {
      print(printable(describeVerified(remaining)));
      // Scripts read the answer alone.
      for (const line of [...meanwhileLines(verified), ...upkeepLines(upkeep)]) tell(line);
    }
    if (keysSkipped > 0) tell(`${wereLeftOut(keysSkipped)} because of errors: see ${options.schema}.backfill_skipped`);
    const broken = remaining.kind === 'cannot-tell' && remaining.chain?.kind === 'broken';
    return remaining.kind === 'left' || broken || keysSkipped > 0 ? 1 : 0;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** By its name, or as `run` takes it: its file, with or without the folder. */
export function nameOf(given: string): string {
  return given.endsWith(SUFFIX) ? basename(given, SUFFIX) : given;
}

function connectionOf({ databaseUrl }: CommonOptions): ConnectionSettings {
  return resolveConnection({ databaseUrl, env: process.env });
}

export async function withControl<T>(options: CommonOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const connection = connectionOf(options);
  const session = { applicationName: 'tiptoe backfill', settings: CONTROL_SETTINGS };
  return withSession(connection, session, work).catch((error: unknown) => {
    throw accessProblem(error, connection, options.schema);
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tell(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

function wereLeftOut(keys: number): string {
  return `${counted(keys, 'key')} ${keys === 1 ? 'was' : 'were'} left out`;
}

export function headline(status: BackfillStatus): string {
  const { name, rowsVisited, rowsTotal, rowsTotalExact, rowsDone } = status;
  const visited =
    rowsTotal === null
      ? counted(rowsVisited, 'key')
      : `${count(rowsVisited)} of ${rowsTotalExact ? '' : 'about '}${counted(rowsTotal, 'key')}`;
  return `${name}: ${stateText(status)}, ${visited} visited, ${counted(rowsDone, 'row')} changed`;
}

function stateText({ state, runner }: BackfillStatus): string {
  const working = state === 'running' || state === 'throttled' || state === 'pausing';
  return working && runner === null ? `${state}, but its process is gone` : state;
}

/** Why more may be visited than there is. */
const TWICE: Readonly<Record<string, string>> = {
  ctid: ', where a row that an update moves ahead is visited once more and changed once',
};

export function details(status: BackfillStatus | BackfillDetails): string[] {
  const { throttledBy, lastError, runner, workers, table, key, pass, settings, desiredState, timeLost } = status;
  const lines = [
    headline(status),
    `  table ${table} by (${key.join(', ')})${TWICE[key.join(',')] ?? ''}, pass ${pass}; ${describeSettings(settings).join(', ')}`,
  ];
  if (runner !== null) lines.push(`  runs at ${runner}${workers > 1 ? `, ${workers} workers in all` : ''}`);
  const pace = paceOf(status);
  if (pace.length > 0) lines.push(`  ${pace.join(', ')}`);
  if (throttledBy !== null) lines.push(`  waiting: ${throttledBy}`);
  if (status.startedAt !== null) lines.push(`  rows that come behind the walk: ${behindTheWalk(status)}`);
  if (timeLost.length > 0) lines.push(`  time lost: ${timeLost.map(describeLost).join(', ')}`);
  if (status.keysSkipped > 0)
    lines.push(`  ${counted(status.keysSkipped, 'key')} left out because of errors: see the table backfill_skipped`);
  if ('upkeep' in status)
    lines.push(...upkeepLines(status.upkeep, { advice: !isAtWork(status.state) }).map((line) => `  ${line}`));
  if (lastError !== null) lines.push(`  last error: ${lastError}`);
  if (runner === null && status.state !== 'succeeded') lines.push(`  ${howToGoOn(status)}`);
  if (runner !== null && desiredState !== 'running') lines.push(`  asked to be ${desiredState}`);
  return lines;
}

/** Of a process at work: speed, what is left, the last batch, and how the server bears it. */
function paceOf(status: BackfillStatus): string[] {
  const { runner, state, rate, averageRate, etaRange, lastBatchMs, replicaLag, replicaLagMs, deadRows } = status;
  if (runner === null || !isAtWork(state)) return [];
  const lag = replicaLag === null ? null : describeLag({ kind: replicaLag, ms: replicaLagMs });
  return [
    ...(lastBatchMs === null ? [] : [`${count(rate)} rows/s (average ${count(averageRate)})`]),
    ...(etaRange === null ? [] : [`${timeLeft(etaRange)} left`]),
    ...(lastBatchMs === null ? [] : [`last batch ${count(lastBatchMs)} ms`]),
    ...(lag === null ? [] : [lag]),
    ...(deadRows === null || 'upkeep' in status ? [] : [counted(deadRows, 'dead row')]),
  ];
}

/** What becomes of rows that are inserted while it runs. */
function behindTheWalk(status: BackfillStatus | BackfillDetails): string {
  const { cannotTell } = status;
  if (cannotTell === null) return 'found at the end of the walk, and walked then';
  const inserted = 'rowsInserted' in status ? status.rowsInserted : null;
  const many = inserted === null ? '' : ` (${counted(inserted, 'row')} inserted since it began, behind it or ahead)`;
  return `stay as they are${many}, because ${cannotTell}`;
}

function describeLost({ signal, seconds, times }: BackfillStatus['timeLost'][number]): string {
  return `${signal} ${roughDuration(seconds * 1000)}${times === 1 ? '' : ` (${times} times)`}`;
}

function howToGoOn({ name, file, state, desiredState }: BackfillStatus): string {
  const cancelled = desiredState === 'cancelled' || (state === 'cancelled' && desiredState !== 'running');
  if (cancelled || desiredState === 'paused')
    return `To let it go on: tiptoe backfill resume ${name}, then tiptoe backfill run ${file ?? name}`;
  return `No process runs it. To start one: tiptoe backfill run ${file ?? name}`;
}

function answer(status: BackfillStatus, desired: DesiredState): string {
  const { name, state, runner } = status;
  if (desired === 'running') {
    return runner === null ? `${name}: may run. ${howToGoOn(status)}` : `${name}: ${state}, runs at ${runner}`;
  }
  return state === desired ? `${name}: ${state}` : `${name}: asked to be ${desired}; it is still ${stateText(status)}`;
}
