import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import type { ConnectionSettings } from '../db/connection.ts';
import { isConnectionLost } from '../db/errors.ts';
import { ensureOwnSchema } from '../db/own-schema.ts';
import { readServer, requireDirect, requirePrimary, requireSameServer } from '../db/server.ts';
import { readSearchPath } from '../db/search-path.ts';
import { withSession, type Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { acquireLease, type Lease, LeaseLost } from '../safety/lease.ts';
import { CONTROL_SETTINGS, type Limits } from '../safety/limits.ts';
import { loadParser } from '../sql/libpg.ts';
import { parseScript } from '../sql/script.ts';
import type { Name } from '../sql/action.ts';
import type { Script } from '../sql/statement.ts';
import type { BackfillGate } from './backfill-gate.ts';
import { checksum } from './checksum.ts';
import type { Identity, RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { type Exceptions, passGate } from './gate.ts';
import type { LintGate } from './lint-gate.ts';
import { readLedger, readStatements, type Runner } from './ledger.ts';
import { ledgerTables } from './ledger-tables.ts';
import { findEntry, isOpen, plan, type PlanEntry, upTo } from './plan.ts';
import { type OutOfOrderPolicy, preflight } from './preflight.ts';
import { missingPrivileges } from './privileges.ts';
import { type Requirement, requirementsOf } from './requirements.ts';
import { waitsFor, type WaitingBackfill } from './waiting-backfills.ts';
import { passBackfill, runFile, type FileRun } from './run-file.ts';
import type { ApplyEvent, ApplyResult, FileResult } from './result.ts';
import { readFileSteps } from './steps.ts';
import type { Schedule } from './schedule.ts';
import { awaitWindow } from './schedule.ts';
import { type Standbys, withStandbys } from './standbys.ts';
import { stop, stopFor, stopForShortage, type Stop } from './stop.ts';
import { isPartitionedName, worksByPartition } from '../effects/transaction.ts';
import { divide, type Division } from '../effects/units.ts';

export interface ApplyOptions {
  readonly connection: ConnectionSettings;
  /** In migration order, without down files. */
  readonly files: readonly MigrationFile[];
  /** tiptoe's own schema on the server. */
  readonly schema: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly waitForRunnerMs: number;
  /** The last migration to run, by name or version. */
  readonly to?: string;
  /** The longest cap that a file may ask for; without it, any. */
  readonly maxCapMs?: number;
  /** Otherwise `refuse`. */
  readonly outOfOrder?: OutOfOrderPolicy;
  /** Without it any time will do. */
  readonly schedule?: Schedule;
  /** How far standbys may be behind between two migrations; without it nobody waits for them. */
  readonly maxLagMs?: number;
  /** Called once, when all is ready and there is something to run; what it answers is why it must not be begun. */
  readonly before?: (pending: readonly string[]) => Promise<Hindrance | null>;
  readonly runner: Runner;
  /** Aborted, it rolls back what is under way and ends with exit code 3. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: ApplyEvent) => void;
  /** Without it a backfill in the way always stops the run. */
  readonly backfills?: BackfillGate;
  /** Without it nothing is refused for what it would hold up. */
  readonly gate?: LintGate;
}

/** Why a hook wants nothing to be begun. */
export interface Hindrance {
  readonly message: string;
  readonly advice: string;
}

const NO_COMMENTS: Pick<Script, 'comments'> = { comments: [] };

/** After so long without a sign of life a runner counts as dead; one whose connection is gone does so at once. */
const LEASE_MS = 30_000;

/**
 * Runs all open migrations in order. What happens to them is a result, never an exception; a Problem (exit 2) is thrown for a server
 * that cannot be used.
 */
export async function apply(options: ApplyOptions): Promise<ApplyResult> {
  await loadParser();
  try {
    return await applyUnderLease(options);
  } catch (error) {
    const shortage = stopForShortage(error);
    if (shortage !== null) return result(shortage, []);
    if (!isConnectionLost(error)) throw error;
    return result(stop('connection-lost', 'The connection to the server was lost.', 'Run again to continue.'), []);
  }
}

function applyUnderLease(options: ApplyOptions): Promise<ApplyResult> {
  return withSession(
    options.connection,
    { applicationName: 'tiptoe: control', settings: CONTROL_SETTINGS },
    async (control) => {
      const server = await readServer(control);
      if (options.signal.aborted)
        return result(stop('interrupted', 'Interrupted before anything was begun.', 'Run again to continue.'), []);
      requirePrimary(server, options.connection);
      await requireDirect(control);
      await ensureOwnSchema(control, ledgerTables(options.schema));
      const lease = await takeLease(options, control);
      if ('kind' in lease) return result(lease, []);
      try {
        return await withSession(control.connection, { applicationName: 'tiptoe: apply' }, async (main) => {
          await requireSameServer(control, main);
          await lease.enlist(main);
          return runWatched(options, {
            control,
            main,
            version: server.version,
            identity: await identityOf(main),
            limits: options.limits,
            ledger: { schema: options.schema, runner: options.runner },
            lease,
            schedule: options.schedule ?? { windows: [], wait: false },
            signal: options.signal,
            emit: options.onEvent,
          });
        });
      } finally {
        await lease.release(control);
      }
    },
  );
}

async function takeLease(
  { schema, runner, waitForRunnerMs, signal, onEvent }: ApplyOptions,
  control: Session,
): Promise<Lease | Stop> {
  let told = false;
  try {
    return await acquireLease(control, {
      schema,
      name: 'migrate',
      owner: `${runner.from}, tiptoe ${runner.toolVersion}`,
      waitMs: waitForRunnerMs,
      ttlMs: LEASE_MS,
      signal,
      advice: 'Run again when it is done, or wait longer for it: --wait-for-runner 10min.',
      onWait(holder) {
        if (!told) onEvent({ event: 'waiting-for-runner', holder });
        told = true;
      },
    });
  } catch (error) {
    if (signal.aborted)
      return stop(
        'interrupted',
        'Interrupted while waiting for another runner; nothing was changed.',
        'Run again to continue.',
      );
    if (error instanceof Problem && error.exitCode === 3)
      return stop('another-runner', error.message, error.advice ?? null);
    throw error;
  }
}

/** Runs all, with an eye on the standbys where that is asked for. */
async function runWatched(options: ApplyOptions, context: RunContext): Promise<ApplyResult> {
  const { connection, maxLagMs, limits, signal } = options;
  if (maxLagMs === undefined) return runAll(options, context, null);
  const watching = { connection, maxLagMs, giveUpAfterMs: limits.giveUpAfterMs, signal, emit: context.emit };
  return withStandbys(watching, (standbys) => runAll(options, context, standbys));
}

async function runAll(options: ApplyOptions, context: RunContext, standbys: Standbys | null): Promise<ApplyResult> {
  const entries = plan(options.files, await readLedger(context.control, options.schema), ({ text }) => checksum(text));
  const scripts = new Map(
    options.files.map((file) => [
      file.name,
      parseScript(file.path, file.text, options.variables, undefined, file.fills),
    ]),
  );
  const open = upTo(entries, options.to).filter(isOpen);
  const pending = open.flatMap(({ file }) => (file === null ? [] : [file.path]));
  const files: FileResult[] = [];
  const finish = (stopped: Stop | null) => {
    const untouched = pending.filter((path) => files.every((file) => file.path !== path));
    return result(stopped, [
      ...files,
      ...untouched.map((path) => ({ path, outcome: 'pending' as const, statements: [] })),
    ]);
  };

  const requires = open.some(
    ({ name, kind }) => kind === 'backfill' || requirementsOf(scripts.get(name) ?? NO_COMMENTS).length > 0,
  );
  const { refused, warnings } = preflight({
    entries,
    open,
    scripts,
    backfills: requires ? ((await options.backfills?.names()) ?? []) : [],
    outOfOrder: options.outOfOrder ?? 'refuse',
    maxCapMs: options.maxCapMs ?? Infinity,
  });
  if (refused !== null) {
    const path = refused.failure?.path;
    if (path !== undefined) files.push({ path, outcome: 'refused', statements: [] });
    return finish(refused);
  }
  const searchPath = await readSearchPath(context.main);
  const passed = await mayRun(options, context, open, [...scripts.values()], searchPath);
  if (passed.kind === 'stop') {
    const paths = [...passed.findings, ...(passed.failure === null ? [] : [passed.failure])].map(({ path }) => path);
    for (const path of new Set(paths)) files.push({ path, outcome: 'refused', statements: [] });
    return finish(passed);
  }
  for (const warning of warnings) context.emit({ event: 'warning', ...warning });
  context.emit({ event: 'plan', pending });

  const mayBegin = conditions(options, context, standbys, pending);
  const catalog = emptyCatalog();
  const waiting: WaitingBackfill[] = [];
  for (const entry of entries) {
    const { file } = entry;
    const script = scripts.get(entry.name);
    if (file === null || script === undefined) continue;
    const steps = readFileSteps(catalog, searchPath, script, context.version);
    if (!open.includes(entry)) continue;
    const held = waitsFor(entry, script, steps, waiting);
    if (held !== null) return finish(held);
    const required = await requiredFirst(file, requirementsOf(script), entries, options.backfills);
    if (required !== null) return finish(required);
    const notYet = await mayBegin(file.path);
    if (notYet !== null) return finish(notYet);
    const run: FileRun = {
      file,
      script,
      steps,
      division: divide(script, await knowsPartitioned(context.control, catalog, script, searchPath)) as Division,
      entry,
      variables: options.variables,
      exceptions: passed.exceptions.get(file.path) ?? [],
    };
    const skipped = file.kind === 'backfill' ? await passBackfill(context, run, options.backfills) : null;
    if (skipped !== null && skipped.waiting !== null) waiting.push({ entry, state: skipped.waiting, steps });
    const outcome = skipped ?? (await runFile(context, run));
    files.push(outcome.file);
    if (outcome.stopped !== null) return finish(outcome.stopped);
  }
  return finish(pending.length === 0 ? null : await mayBegin(null));
}

/** What a migration waits for before it is begun, null standing for the end of the run; answers why it may not. */
function conditions(
  { before, signal }: ApplyOptions,
  context: RunContext,
  standbys: Standbys | null,
  pending: readonly string[],
): (path: string | null) => Promise<Stop | null> {
  let first = true;
  const ask = async (path: string | null): Promise<Stop | null> => {
    const lagging = (await standbys?.catchUp(path)) ?? null;
    if (lagging !== null || path === null) return lagging;
    // Last, since time goes by while standbys catch up.
    const closed = await awaitWindow(context, path);
    if (closed !== null || !first) return closed;
    first = false;
    const hindrance = (await before?.(pending)) ?? null;
    return hindrance === null ? null : stop('hook-failed', hindrance.message, hindrance.advice);
  };
  return (path) =>
    ask(path)
      .catch((error: unknown) => {
        if (signal.aborted) return interruptedBefore(path);
        if (error instanceof LeaseLost)
          return stop('lease-lost', `Another runner has taken over; ${notBegun(path)}.`, AGAIN);
        if (error instanceof Problem) return stopFor(error);
        throw error;
      })
      .then((stopped) => (stopped?.reason === 'hook-failed' && signal.aborted ? interruptedBefore(path) : stopped));
}

const AGAIN = 'Run again to continue.';

function interruptedBefore(path: string | null): Stop {
  return stop('interrupted', `Interrupted; ${notBegun(path)}.`, AGAIN);
}

function notBegun(path: string | null): string {
  return path === null ? 'all migrations are applied' : `${path} was not begun`;
}

/** Asks the server and the linter about what is still to be done. */
async function mayRun(
  { gate, connection }: ApplyOptions,
  { control, ledger, version, emit }: RunContext,
  open: readonly PlanEntry[],
  scripts: readonly Script[],
  searchPath: readonly string[],
): Promise<Stop | { readonly kind: 'open'; readonly exceptions: Exceptions }> {
  if (open.length === 0) return { kind: 'open', exceptions: new Map() };
  const done = new Map<string, ReadonlySet<number>>();
  for (const { path, name, row } of open) {
    const rows = row === null ? [] : await readStatements(control, ledger, name);
    done.set(path, new Set(rows.flatMap(({ index, state }) => (state === 'done' ? [index] : []))));
  }
  const isPending = ({ source }: Script, statement: number) => done.get(source.path)?.has(statement) === false;
  const missing = await missingPrivileges(control, { scripts, isPending, searchPath, version });
  if (missing !== null) return missing;
  if (gate === undefined) return { kind: 'open', exceptions: new Map() };
  return passGate(gate, { connection, scripts, isPending, searchPath, version, emit });
}

/** The migrations that a file requires come before it, and have succeeded when the run is here; a backfill may still be at work. */
async function requiredFirst(
  { path }: MigrationFile,
  requirements: readonly Requirement[],
  entries: readonly PlanEntry[],
  gate: BackfillGate | undefined,
): Promise<Stop | null> {
  for (const { written } of requirements) {
    if (findEntry(entries, written) !== null) continue;
    const state = (await gate?.state(written)) ?? 'not there any more';
    if (state === 'succeeded') continue;
    return stop(
      'backfill-first',
      `${path} requires the backfill ${written}, which ${state === 'pending' ? 'has not run yet' : `is ${state}`}.`,
      `Run tiptoe backfill run ${written}, and then tiptoe apply again; tiptoe backfill status ${written} tells how far it is.`,
    );
  }
  return null;
}

/** Which tables and indexes that a file works through are partitioned; a history may not show all that is on the server. */
async function knowsPartitioned(
  control: Session,
  catalog: Catalog,
  { statements }: Script,
  searchPath: readonly string[],
): Promise<(name: Name) => boolean> {
  const names = statements.flatMap(({ action }) => worksByPartition(action) ?? []);
  if (names.length === 0) return () => false;
  const rows = await control.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('p', 'I') AND c.relname = ANY ($1)`,
    [names.map(({ name }) => name)],
  );
  const onServer = ({ schema, name }: Name) =>
    rows.some(
      (row) => row.name === name && (schema === null ? searchPath.includes(row.schema) : schema === row.schema),
    );
  return (name) => onServer(name) || isPartitionedName(catalog, name);
}

async function identityOf(main: Session): Promise<Identity> {
  const [row] = await main.query<Identity>(
    `SELECT session_user AS "sessionUser", pg_catalog.current_setting('role') AS role`,
  );
  if (row === undefined) throw new Error('the server did not say who we are');
  return row;
}

function result(stopped: Stop | null, files: readonly FileResult[]): ApplyResult {
  if (stopped !== null) {
    const { kind: _, ...ended } = stopped;
    return { ...ended, files };
  }
  return {
    outcome: 'done',
    exitCode: 0,
    reason: null,
    message: null,
    advice: null,
    files,
    failure: null,
    blockers: [],
    findings: [],
  };
}
