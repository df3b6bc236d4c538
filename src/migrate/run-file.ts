import { isConnectionLost, isSqlFailure } from '../db/errors.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { maskSecrets } from '../postgres/secrets.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { createCap, isCancel } from '../safety/cap.ts';
import { LeaseLost } from '../safety/lease.ts';
import { envelope, freshSession, limitStatement } from '../safety/limits.ts';
import type { InLine } from '../safety/lock.ts';
import { StandbyMissing } from '../safety/standby.ts';
import { capDirective } from '../sql/cap-directive.ts';
import type { Script } from '../sql/statement.ts';
import { UnknownOutcome } from './after-crash.ts';
import { type LeftBehind, runAlone } from './alone.ts';
import { adviceFor } from './blocked.ts';
import type { BackfillGate, BackfillState } from './backfill-gate.ts';
import { CommitFailed, Ended, StepFailed, watchOver, type Cost, type RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { type Exception, recordExceptions } from './exceptions.ts';
import { roughDuration } from '../duration.ts';
import { collectFacts, type Facts } from './facts.ts';
import { StillAtWork } from './earlier-run.ts';
import { changedSince, isThere, settleEdited } from './edited.ts';
import { ownFailure, serverFailure } from './failure.ts';
import { InvalidIndex } from './invalid-index.ts';
import {
  readStatements,
  recordDone,
  recordFailure,
  recordStart,
  recordUnfinished,
  type StatementRow,
} from './ledger.ts';
import { onlineWork } from './online.ts';
import type { PlanEntry } from './plan.ts';
import type { FileResult, StatementResult } from './result.ts';
import { awaitWindow, outsideWindow, OutsideWindow } from './schedule.ts';
import type { Step } from './steps.ts';
import { stop, stopFor, stopForShortage, type Stop } from './stop.ts';
import { runTransaction } from './transaction.ts';
import { atomic, changesSession, statementsOf, type Division, type Unit } from '../effects/units.ts';

export interface FileRun {
  readonly file: MigrationFile;
  readonly script: Script;
  readonly steps: readonly Step[];
  readonly division: Division;
  readonly entry: PlanEntry;
  readonly variables: Readonly<Record<string, string>>;
  /** What the linter found in it, and was let through. */
  readonly exceptions: readonly Exception[];
}

export interface FileOutcome {
  readonly file: FileResult;
  /** Why the run ends here; null when it goes on. */
  readonly stopped: Stop | null;
}

/** Runs one file to its end, or says why it stopped; the ledger knows either way. */
export async function runFile(given: RunContext, run: FileRun): Promise<FileOutcome> {
  let unconfirmed = false;
  const asked = capDirective(run.script.comments);
  const cap = asked?.kind === 'cap' ? asked : null;
  const context: RunContext = {
    ...given,
    limits: { ...given.limits, capMs: cap?.ms ?? given.limits.capMs },
    emit(event) {
      // Each of its statements may end in a COMMIT; one word about that is enough.
      if (event.event === 'unconfirmed' && unconfirmed) return;
      unconfirmed ||= event.event === 'unconfirmed';
      given.emit(event);
    },
  };
  const { control, ledger, emit } = context;
  const { file, division, entry } = run;
  const startedAt = performance.now();
  const before = entry.row === null ? [] : await readStatements(control, ledger, file.name);
  const changed = changedSince(file, run.script, before);
  if (changed !== null) return { file: { path: file.path, outcome: 'refused', statements: [] }, stopped: changed };

  const progress: Progress = { results: [], open: null };
  const { results } = progress;
  let stopped: Stop | null;
  try {
    await freshSession(context.main, envelope(context.limits, context.version, `tiptoe: apply ${file.name}`));
    await recordStart(control, ledger, file, division.transaction, cap);
    if (entry.row !== null || run.exceptions.length > 0) await recordExceptions(control, ledger, file, run.exceptions);
    emit({
      event: 'file',
      path: file.path,
      transaction: division.transaction,
      statements: run.steps.length,
      capMs: context.limits.capMs,
      capReason: cap?.reason ?? null,
    });
    stopped =
      (await settleEdited(context, file, run.script, before)) ??
      (await runUnits(
        context,
        run,
        before.filter((row) => isThere(run.script, row)),
        progress,
      ));
  } catch (error) {
    stopped = explain(context, run, error, results.length > 0 || before.some(({ state }) => state === 'done'));
  }
  if (stopped !== null) {
    const unfinished = await keepUnfinished(context, run, progress.open);
    await recordFailure(control, ledger, file, stopped.failure?.message ?? stopped.message ?? '').catch(
      () => undefined,
    );
    return {
      file: {
        path: file.path,
        outcome: stopped.outcome === 'done' ? 'failed' : stopped.outcome,
        statements: results,
        ...(unfinished === null ? {} : { unfinished }),
        ...(unconfirmed ? { unconfirmed } : {}),
      },
      stopped,
    };
  }
  emit({ event: 'file-done', path: file.path, durationMs: performance.now() - startedAt, statements: results });
  return {
    file: { path: file.path, outcome: 'done', statements: results, ...(unconfirmed ? { unconfirmed } : {}) },
    stopped: null,
  };
}

interface Progress {
  readonly results: StatementResult[];
  /** What the unit under way has met. */
  open: Facts | null;
}

/** What the statement met at which a file has stopped: who was in the way matters most when it could not be done. */
async function keepUnfinished(
  { control, ledger }: RunContext,
  { file, steps }: FileRun,
  open: Facts | null,
): Promise<StatementResult | null> {
  const result = open?.unfinished();
  const step = steps.find(({ statement }) => statement.index === result?.index);
  if (result === undefined || step === undefined) return null;
  const unfinished = { statement: step.statement, line: step.line, result };
  await recordUnfinished(control, ledger, file, unfinished).catch(() => undefined);
  return result;
}

async function runUnits(
  context: RunContext,
  run: FileRun,
  before: readonly StatementRow[],
  progress: Progress,
): Promise<Stop | null> {
  const { control, ledger, emit } = context;
  const { file, division } = run;
  const { results } = progress;
  const done = new Set(before.filter(({ state }) => state === 'done').map(({ index }) => index));
  const isLeft = (unit: Unit) => statementsOf(unit).some(({ index }) => !done.has(index));
  const units = division.units.map(atomic);
  const lastLeft = units.findLast(isLeft);
  for (const unit of units) {
    const steps = run.steps.filter(({ statement }) => statementsOf(unit).includes(statement));
    const left = steps.filter(({ statement }) => !done.has(statement.index));
    // A resumed file finds its session as the statements before had set it.
    if (left.length === 0) await replay(context, steps);
    const facts = collectFacts(left[0]?.statement.index ?? 0);
    progress.open = left.length === 0 ? null : facts;
    const line =
      left.length === 0
        ? null
        : await inWindow(context, file, () => runUnit(context, run, unit, left, facts, before, unit === lastLeft));
    if (line?.kind === 'stop') return line;
    if (line?.kind === 'gave-up') return lockNotHad(context, run, left, line, done.size > 0 || results.length > 0);
    for (const one of line?.value ?? []) {
      const step = steps.find(({ statement }) => statement.index === one.index);
      results.push(one);
      emit({ event: 'statement', path: file.path, line: step?.line ?? 1, kind: step?.statement.kind ?? '', ...one });
    }
    progress.open = null;
  }
  if (lastLeft?.kind !== 'transaction') await recordDone(control, ledger, file);
  return null;
}

/** Runs a unit when it is time, again where its locks could not be had before the window closed. */
async function inWindow<T>(context: RunContext, { path }: MigrationFile, work: () => Promise<T>): Promise<T | Stop> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OutsideWindow) || !context.schedule.wait || error.opensAt === null) throw error;
    }
    const stopped = await awaitWindow(context, path);
    if (stopped !== null) return stopped;
  }
}

async function runUnit(
  context: RunContext,
  { file }: FileRun,
  unit: Unit,
  left: readonly Step[],
  facts: Facts,
  before: readonly StatementRow[],
  last: boolean,
): Promise<InLine<readonly StatementResult[]> & LeftBehind> {
  if (unit.kind === 'transaction')
    return runTransaction(context, { file, begin: unit.begin, steps: left, facts, last });
  const [step] = left;
  if (step === undefined) throw new Error('a unit without a statement');
  const line = await runAlone(context, {
    file,
    step,
    facts,
    before: before.find(({ index }) => index === step.statement.index),
  });
  return line.kind === 'done' ? { ...line, value: [line.value] } : line;
}

async function replay(context: RunContext, steps: readonly Step[]): Promise<void> {
  const { main, version, limits } = context;
  for (const step of steps) {
    const { statement } = step;
    if (!changesSession(statement)) continue;
    await limitStatement(main, version, { lockTimeoutMs: limits.maxStallMs, statementTimeoutMs: 0 });
    const { dog, release } = watchOver(context, createCap(limits.capMs), { patienceMs: limits.maxStallMs });
    try {
      await main.exec(statement.text);
    } catch (error) {
      const why = dog.cause();
      if (why !== null) throw new Ended(why, step, { cause: error });
      throw isSqlFailure(error) && !isConnectionLost(error) ? new StepFailed(step, error) : error;
    } finally {
      await release();
    }
  }
}

function lockNotHad(
  { limits }: RunContext,
  { file }: FileRun,
  steps: readonly Step[],
  line: Extract<InLine<unknown>, { readonly kind: 'gave-up' }> & LeftBehind,
  partly: boolean,
): Stop {
  const needs = [...new Set(steps.flatMap((step) => step.needs).map(({ relation }) => relation))].join(', ');
  const what = needs === '' ? 'the locks it needs' : `the lock on ${needs}`;
  return stop(
    'lock-not-had',
    `${file.path} could not have ${what} within ${roughDuration(limits.giveUpAfterMs)} without making traffic wait; ${whatStands(partly, line.left)}.`,
    adviceFor(line, limits),
    { blockers: line.blockers },
  );
}

/** What ended a file, in words; throws on what nobody could foresee. */
function explain(context: RunContext, run: FileRun, error: unknown, partly: boolean): Stop {
  const { file, script } = run;
  const left = error instanceof Ended || error instanceof StepFailed ? error.left : null;
  const stands = whatStands(partly, left);
  const again = partly ? 'Run again to go on after them.' : 'Run again to continue.';
  if (context.signal.aborted || (error instanceof Ended && error.why === 'interrupted')) {
    const unfinished =
      error instanceof Ended && error.step !== null && onlineWork(error.step.statement.action) !== null;
    return unfinished
      ? stop(
          'interrupted',
          `Interrupted in the middle of online work in ${file.path}; ${stands}.`,
          'Run again: it clears up what is unfinished, and continues.',
        )
      : stop('interrupted', `Interrupted; ${file.path} was rolled back, and ${stands}.`, again);
  }
  if (error instanceof LeaseLost || (error instanceof Ended && error.why === 'lease-lost')) {
    return stop('lease-lost', `Another runner has taken over; ${file.path} was rolled back, and ${stands}.`, again);
  }
  if (error instanceof OutsideWindow) return outsideWindow(context, `${file.path} was stopped there; ${stands}`, error);
  if (error instanceof Ended && error.why === 'cap') return capHit(context, run, error, stands);
  if (error instanceof StandbyMissing) return standbyMissing(run, error, stands);
  if (error instanceof Ended && error.why === 'lock-not-had') {
    return stop(
      'lock-not-had',
      `${file.path} could not have its table lock within ${roughDuration(context.limits.giveUpAfterMs)}; ${stands}.`,
      'Run again when those in the way are gone, or give it longer with --give-up-after 1h.',
      { blockers: error.blockers },
    );
  }
  if (error instanceof StillAtWork || (error instanceof Ended && error.why === 'waited-too-long')) {
    const waited = roughDuration(context.limits.waitForSnapshotsMs ?? Infinity);
    return stop(
      'waited-too-long',
      error instanceof StillAtWork
        ? `An earlier run has left line ${error.line} of ${file.path} at work on the server, and ${waited} were not enough for it; ${stands}.`
        : `${file.path} waited ${waited} for transactions that were open before it; ${stands}.`,
      'Run again when those in the way are gone, or give it longer with --wait-for-snapshots 12h.',
      { blockers: error.blockers },
    );
  }
  // Our own cancels, and the timeouts that we set, have a cause of their own.
  if ((error instanceof StepFailed || error instanceof CommitFailed) && isCancel(error.cause)) {
    const where = error instanceof StepFailed ? `in line ${error.step.line}` : 'at COMMIT';
    return stop('cancelled', `Someone cancelled ${file.path} ${where} (pg_cancel_backend); ${stands}.`, again);
  }
  if (error instanceof StepFailed && isSqlFailure(error.cause)) {
    const failure = serverFailure(script, error.step.statement, error.cause, run.variables);
    const reason = error.cause.sqlstate === SQLSTATE.insufficient_privilege ? 'missing-privilege' : 'statement-failed';
    return stop(
      reason,
      left === null
        ? `${file.path} failed in line ${failure.line} and was rolled back; ${stands}.`
        : `${file.path} failed in line ${failure.line}; ${stands}.`,
      reason === 'missing-privilege' ? mayNot(context) : afterFailure(partly),
      { failure },
    );
  }
  if (error instanceof InvalidIndex) {
    const failure = ownFailure(
      script,
      error.step.statement,
      error.message,
      `Drop it with DROP INDEX CONCURRENTLY ${error.index}; then run again.`,
    );
    return stop('statement-failed', `${file.path} failed in line ${failure.line}; ${stands}.`, null, { failure });
  }
  if (error instanceof Problem) return stopFor(error);
  if (error instanceof UnknownOutcome) return unknownOutcome(run, error);
  if (isConnectionLost(error) || error instanceof Ended || context.main.lost.aborted || context.control.lost.aborted) {
    return stop(
      'connection-lost',
      `The connection to the server was lost during ${file.path}.`,
      'Run again to continue; the ledger on the server knows what stands.',
    );
  }
  if (error instanceof CommitFailed && isSqlFailure(error.cause)) {
    const { message, detail: more } = error.cause;
    const detail = more === undefined ? '' : ` (${more})`;
    return stop(
      'statement-failed',
      `${file.path} failed at COMMIT and was rolled back: ${maskSecrets(message + detail)}; ${stands}.`,
      afterFailure(partly),
    );
  }
  if (isSqlFailure(error)) {
    return stop(
      'problem',
      `tiptoe's ledger could not be written: ${maskSecrets(error.message)}; ${file.path} was stopped, and ${stands}.`,
      `Look after tiptoe's tables in schema ${context.ledger.schema}, and run again.`,
    );
  }
  throw error;
}

function mayNot({ identity }: RunContext): string {
  return `Run tiptoe as the owner of the object, or make ${identity.sessionUser} a member of that role: GRANT owner TO ${quoteIdent(identity.sessionUser)}; then run again.`;
}

function whatStands(partly: boolean, left: string | null | undefined): string {
  if (left === null || left === undefined) return partly ? 'the statements before it stand' : 'nothing of it stands';
  return partly ? `the statements before it stand, and ${left}` : left;
}

function afterFailure(partly: boolean): string {
  return partly
    ? 'Correct the statement in the file and run again; the ones that stand are not repeated.'
    : 'Correct the file and run again.';
}

function capHit({ limits }: RunContext, { file, script }: FileRun, { step, left, cost }: Ended, stands: string): Stop {
  const cap = roughDuration(limits.capMs);
  const where = step === null ? 'at COMMIT' : `in line ${step.line}`;
  const held = `held locks that block others for ${roughDuration(Math.max(cost?.heldMs ?? 0, limits.capMs))} (the cap is ${cap})`;
  const undone = left === null ? 'was cancelled ' + where + ' and rolled back' : 'was cancelled ' + where;
  return stop(
    'cap',
    `${file.path} ${held}${waitedBehind(cost)}; it ${undone}, and ${stands}.`,
    'Split it into steps that are quick under their locks (tiptoe explain shows what each one does), or give the file a longer cap: -- tiptoe:cap 20s: REASON.',
    step === null
      ? {}
      : {
          failure: ownFailure(
            script,
            step.statement,
            `cancelled: the cap of ${cap} under blocking locks was used up`,
            null,
          ),
        },
  );
}

function waitedBehind(cost: Cost | null): string {
  if (cost === null || cost.waiters === 0) return ', and nobody waited behind it';
  return cost.waiters === 1 ? ', and 1 session waited behind it' : `, and ${cost.waiters} sessions waited behind it`;
}

/** Nothing was begun, so nothing holds a lock. */
function standbyMissing({ file }: FileRun, { names, wanted, connected }: StandbyMissing, stands: string): Stop {
  return stop(
    'standby-missing',
    `${file.path} was not begun: its COMMIT would wait for a synchronous standby that is not there, and hold its locks meanwhile ` +
      `(synchronous_standby_names is '${names}', which takes ${wanted}, and ${connected} ${connected === 1 ? 'is' : 'are'} connected); ${stands}.`,
    `Run again when the standby is back; or commit without it: PGOPTIONS='-c synchronous_commit=local' tiptoe apply.`,
  );
}

function unknownOutcome({ file, script }: FileRun, { index, line }: UnknownOutcome): Stop {
  const statement = script.statements.find((one) => one.index === index);
  return stop(
    'unknown-outcome',
    `An earlier run died during line ${line} of ${file.path}, and nothing tells whether that statement happened.`,
    `Look, then say so, and run again: tiptoe repair ${file.name} --statement ${index + 1} --as applied (or pending) --reason '…'.`,
    statement === undefined ? {} : { failure: ownFailure(script, statement, 'its outcome is unknown', null) },
  );
}

/** Lets the run go past a backfill: one that has succeeded or has nothing to do is done, another one is registered unless it is to be run here. */
export async function passBackfill(
  { control, ledger, signal, emit }: RunContext,
  { file }: FileRun,
  gate: BackfillGate | undefined,
): Promise<FileOutcome & { readonly waiting: BackfillState | null }> {
  const startedAt = performance.now();
  const ends = (stopped: Stop): FileOutcome & { readonly waiting: null } => ({
    file: { path: file.path, outcome: stopped.outcome === 'failed' ? 'failed' : 'gave-up', statements: [] },
    stopped,
    waiting: null,
  });
  try {
    const state = await reachBackfill(file, gate, signal);
    if (state === null || (state !== 'succeeded' && gate?.run !== undefined)) return ends(backfillFirst(file, state));
    if (state !== 'succeeded') {
      const message = `is registered and ${state === 'pending' ? 'not run yet' : state}; what needs it waits. Run it: tiptoe backfill run ${file.path}`;
      emit({ event: 'warning', path: file.path, message });
      return { file: { path: file.path, outcome: 'registered', statements: [] }, stopped: null, waiting: state };
    }
    await recordStart(control, ledger, file, 'statement', null);
    await recordDone(control, ledger, file);
    emit({ event: 'file-done', path: file.path, durationMs: performance.now() - startedAt, statements: [] });
    return { file: { path: file.path, outcome: 'done', statements: [] }, stopped: null, waiting: null };
  } catch (error) {
    const stopped = error instanceof Problem ? stopFor(error) : stopForShortage(error);
    if (stopped === null) throw error;
    return ends(stopped);
  }
}

async function reachBackfill(
  file: MigrationFile,
  gate: BackfillGate | undefined,
  signal: AbortSignal,
): Promise<BackfillState | null> {
  if (gate === undefined) return null;
  let state = await gate.state(file.name);
  if (state === 'succeeded') return state;
  if (state === null || state === 'pending') {
    const { hasWork } = await gate.register(file);
    if (!hasWork) return 'succeeded';
    state = 'pending';
  }
  return gate.run === undefined ? state : gate.run(file, signal);
}

function backfillFirst(file: MigrationFile, state: BackfillState | null): Stop {
  if (state === 'failed' || state === 'cancelled') {
    return stop(
      'backfill-failed',
      `The backfill ${file.name} ${state === 'failed' ? 'failed' : 'was cancelled'}; what comes after it waits.`,
      `tiptoe backfill status ${file.name} tells why; then run again.`,
    );
  }
  const what = state === null || state === 'pending' ? 'has not run yet' : `is ${state}`;
  return stop(
    'backfill-first',
    `The backfill ${file.name} comes first and ${what}; what comes after it waits.`,
    `Run tiptoe backfill run ${file.path}, and then tiptoe apply again; or tiptoe apply --run-backfills.`,
  );
}
