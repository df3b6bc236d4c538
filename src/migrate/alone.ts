import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionLost, isSqlFailure } from '../db/errors.ts';
import { withTransaction } from '../db/transaction.ts';
import { qualify } from '../postgres/quote.ts';
import { createCap, ranIntoCap } from '../safety/cap.ts';
import { checkClient } from '../safety/client-check.ts';
import { assertLease } from '../safety/lease.ts';
import { limitStatement } from '../safety/limits.ts';
import { patientMs, shooAutovacuum } from '../safety/autovacuum.ts';
import { type AutovacuumInTheWay, standInLine, type InLine, type Try } from '../safety/lock.ts';
import { followOnline } from '../safety/progress.ts';
import { mayRetry, OutOfPatience } from '../safety/retry.ts';
import type { LockTarget } from '../safety/blockers.ts';
import { listenForUnconfirmed, requireStandbys } from '../safety/standby.ts';
import { resolveTargets } from '../safety/targets.ts';
import { whoStays } from './blocked.ts';
import { Ended, StepFailed, watchOver, type RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import type { Facts } from './facts.ts';
import { detachState, existing, finalizeTargets, indexesOf, leftovers, type IndexState } from './leftovers.ts';
import { isBusy, recordIntent, recordStatementFailure, recordStatements, type StatementRow } from './ledger.ts';
import { isRepeatable, onlineWork, type OnlineWork } from './online.ts';
import { NO_COST, type StatementResult, statementResult } from './result.ts';
import { requireOpen } from './schedule.ts';
import type { Step } from './steps.ts';
import { tellUnconfirmed } from './unconfirmed.ts';
import { changesSession } from '../effects/units.ts';

export interface AloneWork {
  readonly file: MigrationFile;
  readonly step: Step;
  readonly facts: Facts;
  /** What an earlier run wrote down about it. */
  readonly before: StatementRow | undefined;
}

/** What online work that was given up has left on the server, in words. */
export interface LeftBehind {
  readonly left?: string | null;
}

/** An earlier run died in the middle of a statement, and nothing on the server tells whether it happened. */
export class UnknownOutcome extends Error {
  readonly step: Step;

  constructor(step: Step) {
    super(`statement ${step.statement.index} may or may not have happened`);
    this.name = 'UnknownOutcome';
    this.step = step;
  }
}

/**
 * Runs one statement outside of a transaction, between two notes in the ledger: that it is about to run, and that it is done. After an
 * attempt that failed or died it first looks at what that has left on the server.
 */
export async function runAlone(context: RunContext, work: AloneWork): Promise<InLine<StatementResult> & LeftBehind> {
  const { control, main, ledger, limits, signal } = context;
  const { file, step, before, facts } = work;
  const online = onlineWork(step.statement.action);
  if (before?.state === 'running') await waitForEarlierRun(context, work, before);
  const verdict = before === undefined ? 'run' : await probe(context, step, online, before);
  if (verdict === 'done') {
    const result = { index: step.statement.index, ...NO_COST };
    await recordStatements(control, ledger, file, [{ statement: step.statement, line: step.line, result }]);
    return { kind: 'done', value: result, attempts: 0, waitedMs: 0 };
  }
  const seen = online === null ? [] : await indexesOfOthers(context, online, before);
  await checkClient(main, context.version, online === null);
  const detach = online?.kind === 'detach-partition' ? online : null;
  let finalize = verdict === 'finalize';
  let targets: readonly LockTarget[] =
    detach !== null && finalize ? await finalizeTargets(main, detach) : await resolveTargets(control, step.needs);
  const line = await standInLine(
    {
      control,
      main,
      limits,
      signal,
      targets: () => targets,
      beforeLook: () => requireOpen(context),
      onWait(wait) {
        facts.wait(wait);
        context.emit({ event: 'waiting-for-lock', path: file.path, line: step.line, ...wait });
      },
      onStays: (blocker) => context.emit({ event: 'warning', path: file.path, message: whoStays(blocker, limits) }),
    },
    async (one) => {
      facts.try(one);
      await assertLease(control, context.lease);
      await requireStandbys(control, main);
      if (one.autovacuum !== null) await clearAutovacuum(context, targets, one.autovacuum);
      if (online !== null) await dropLeftovers(context, online, seen);
      await recordIntent(control, ledger, file, {
        statement: step.statement,
        line: step.line,
        backend: main,
        seenIndexes: seen,
      });
      try {
        return await tryOnce(context, work, { online, finalize, seen }, one);
      } catch (error) {
        if (detach !== null && mayRetry(error) && (await detachState(main, detach)) === 'pending') {
          finalize = true;
          targets = await finalizeTargets(main, detach);
        }
        throw error;
      }
    },
  );
  if (line.kind === 'gave-up') {
    const left = online === null ? null : await leftBehind(context, online, seen);
    if (left === null) await recordStatementFailure(control, ledger, file, step.statement.index);
    return { ...line, left };
  }
  await recordStatements(control, ledger, file, [{ statement: step.statement, line: step.line, result: line.value }]);
  return line;
}

/** The statement cannot share our transaction, so another autovacuum may come before it; then we are back soon. */
async function clearAutovacuum(
  context: RunContext,
  targets: readonly LockTarget[],
  { settle }: AutovacuumInTheWay,
): Promise<void> {
  const { control, main } = context;
  const { dog, release } = watchOver(context, createCap(Infinity), {});
  try {
    await withTransaction(main, async () => {
      await shooAutovacuum(main, targets, await patientMs(control));
      await settle();
    });
  } catch (error) {
    const why = dog.cause();
    throw why === null ? error : new Ended(why, null, { cause: error });
  } finally {
    await release();
  }
}

interface Attempt {
  readonly online: OnlineWork | null;
  /** The second half of a DETACH CONCURRENTLY: it blocks as any other DDL does. */
  readonly finalize: boolean;
  readonly seen: readonly number[];
}

async function tryOnce(
  context: RunContext,
  { file, step, facts }: AloneWork,
  { online, finalize, seen }: Attempt,
  one: Try,
): Promise<StatementResult> {
  const { control, main, limits, ledger } = context;
  const bounded = online === null || finalize;
  const cap = createCap(limits.capMs);
  const { dog, release, waiters } = watchOver(context, cap, { patienceMs: one.patienceMs, online: !bounded }, facts);
  const unconfirmed = listenForUnconfirmed(main);
  const stopped = new AbortController();
  const following = bounded
    ? Promise.resolve()
    : followOnline(control, main, dog, {
        giveUpAfterMs: limits.giveUpAfterMs,
        stopped: stopped.signal,
        onProgress(progress) {
          if (progress.waitsFor !== null) facts.meet([progress.waitsFor]);
          context.emit({ event: 'progress', path: file.path, line: step.line, ...progress });
        },
      });
  const startedAt = performance.now();
  try {
    if (finalize || (bounded && step.needs.length > 0)) cap.start(startedAt);
    await limitStatement(main, context.version, {
      lockTimeoutMs: bounded ? one.patienceMs : 0,
      statementTimeoutMs: cap.startedAt() === null ? 0 : limits.capMs,
    });
    const ended = dog.cause();
    if (ended !== null) throw new Ended(ended, step);
    await main.exec(online?.kind === 'detach-partition' && finalize ? finalizeSql(online) : step.statement.text);
    if (online?.kind === 'create-index') await requireValid(context, step, online);
    const endedAt = performance.now();
    if (unconfirmed.heard()) await tellUnconfirmed(context, file);
    return statementResult({
      index: step.statement.index,
      attempts: one.attempt,
      waitedMs: one.waitedMs,
      heldMs: endedAt - (cap.startedAt() ?? endedAt),
      durationMs: endedAt - startedAt,
      ...facts.of(step.statement.index),
    });
  } catch (error) {
    const endedAt = performance.now();
    const lost = isConnectionLost(error);
    const why = dog.cause() ?? (ranIntoCap(error, cap) ? 'cap' : null);
    if (lost && why === null) throw error;
    if (!lost && (why === 'out-of-patience' || (why === null && mayRetry(error)))) {
      // A partition that is half detached is looked at before the next try.
      if (online?.kind !== 'detach-partition')
        await recordStatementFailure(control, ledger, file, step.statement.index);
      if (why === null) throw error;
      throw new OutOfPatience(error);
    }
    const failed = why === null && isSqlFailure(error);
    const left = online === null || lost ? null : await clearUp(context, online, seen, failed).catch(() => null);
    if (!lost && left === null)
      await recordStatementFailure(control, ledger, file, step.statement.index).catch(() => undefined);
    if (why !== null) {
      const cost = { heldMs: endedAt - (cap.startedAt() ?? endedAt), waiters: waiters() };
      throw new Ended(why, step, { cause: error, left, cost });
    }
    if (!failed) throw error;
    throw new StepFailed(step, error, left);
  } finally {
    stopped.abort();
    unconfirmed.stop();
    await following;
    await release();
  }
}

/** After a client dies, the server goes on with what it was doing, and may well finish it. */
async function waitForEarlierRun(context: RunContext, { file, step }: AloneWork, before: StatementRow): Promise<void> {
  const backend = { pid: before.backendPid, backendStart: before.backendStart };
  while (await isBusy(context.control, backend)) {
    context.signal.throwIfAborted();
    context.emit({
      event: 'progress',
      path: file.path,
      line: step.line,
      phase: EARLIER_RUN,
      share: null,
      waitsFor: null,
    });
    await sleep(EARLIER_RUN_POLL_MS, undefined, { signal: context.signal });
  }
}

const EARLIER_RUN = 'waiting for the session of an earlier run, which is still at it';
const EARLIER_RUN_POLL_MS = 500;

/** What to do about a statement that was begun before. */
async function probe(
  { main }: RunContext,
  step: Step,
  online: OnlineWork | null,
  before: StatementRow,
): Promise<'run' | 'done' | 'finalize'> {
  if (online?.kind === 'create-index') {
    const made = (await indexesOf(main, online)).filter(({ oid }) => !before.seenIndexes.includes(oid));
    return made.some(({ valid, bareName }) => valid && (online.index ?? bareName) === bareName) ? 'done' : 'run';
  }
  if (online?.kind === 'drop-index') return (await existing(main, online.indexes)).length === 0 ? 'done' : 'run';
  if (online?.kind === 'detach-partition') {
    const state = await detachState(main, online);
    return state === 'detached' ? 'done' : state === 'pending' ? 'finalize' : 'run';
  }
  // An error of the server means that it did not happen; only without an answer is that open.
  if (
    online !== null ||
    before.state === 'failed' ||
    isRepeatable(step.statement.action) ||
    changesSession(step.statement)
  )
    return 'run';
  throw new UnknownOutcome(step);
}

/** The indexes that our attempts, this one and those before, have not made. */
async function indexesOfOthers(
  { main }: RunContext,
  work: OnlineWork,
  before: StatementRow | undefined,
): Promise<number[]> {
  const indexes = await indexesOf(main, work);
  const ours = new Set(before === undefined ? [] : leftovers(work, before.seenIndexes, indexes).map(({ oid }) => oid));
  return indexes.map(({ oid }) => oid).filter((oid) => !ours.has(oid));
}

/** Drops invalid indexes that an attempt of ours has left, never one that someone is building. */
async function dropLeftovers(context: RunContext, work: OnlineWork, seen: readonly number[]): Promise<void> {
  const { main, version } = context;
  const left = leftovers(work, seen, await indexesOf(main, work)).filter(({ building }) => !building);
  if (left.length === 0) return;
  await limitStatement(main, version, { lockTimeoutMs: 0, statementTimeoutMs: 0 });
  const { release } = watchOver(context, createCap(context.limits.capMs), { online: true });
  try {
    for (const { name } of left) await main.exec(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  } finally {
    await release();
  }
}

/** How long to wait for others while clearing up; the next run has all the time. */
const CLEAR_UP_MS = 1_000;

/** Tries once to drop what a failed attempt has left, where `drop` says so, and tells in words what is left then. */
async function clearUp(
  context: RunContext,
  work: OnlineWork,
  seen: readonly number[],
  drop: boolean,
): Promise<string | null> {
  const { main, version } = context;
  if (drop) {
    await limitStatement(main, version, { lockTimeoutMs: CLEAR_UP_MS, statementTimeoutMs: 0 });
    for (const { name } of leftovers(work, seen, await indexesOf(main, work))) {
      await main.exec(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`).catch(() => undefined);
    }
  }
  return leftBehind(context, work, seen);
}

async function leftBehind({ main }: RunContext, work: OnlineWork, seen: readonly number[]): Promise<string | null> {
  if (work.kind === 'detach-partition') {
    const half = (await detachState(main, work)) === 'pending';
    return half ? `the partition ${work.partition.name} is half detached, and the next run finishes it` : null;
  }
  const names = leftovers(work, seen, await indexesOf(main, work)).map(({ name }) => name);
  if (names.length === 0) return null;
  return names.length === 1
    ? `the invalid index ${names.join()} is left, and the next run drops it`
    : `the invalid indexes ${names.join(', ')} are left, and the next run drops them`;
}

/** `IF NOT EXISTS` is content with an index of that name that is no use to any query. */
async function requireValid(
  { main }: RunContext,
  step: Step,
  work: Extract<OnlineWork, { readonly kind: 'create-index' }>,
): Promise<void> {
  const isOurs = ({ bareName }: IndexState) => bareName === work.index;
  const made = (await indexesOf(main, work)).find(isOurs);
  if (made === undefined || made.valid) return;
  throw new InvalidIndex(step, made.name);
}

/** An index of that name exists, and it is invalid. */
export class InvalidIndex extends Error {
  readonly step: Step;
  readonly index: string;

  constructor(step: Step, index: string) {
    super(`the index ${index} exists, but is invalid`);
    this.name = 'InvalidIndex';
    this.step = step;
    this.index = index;
  }
}

function finalizeSql({ parent, partition }: Extract<OnlineWork, { readonly kind: 'detach-partition' }>): string {
  const sql = ({ schema, name }: typeof parent) => qualify(schema ?? undefined, name);
  return `ALTER TABLE ${sql(parent)} DETACH PARTITION ${sql(partition)} FINALIZE`;
}
