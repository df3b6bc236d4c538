import { isConnectionLost, isSqlFailure, sqlstate } from '../db/errors.ts';
import { sqlLockMode } from '../postgres/lock-mode.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import type { Blocker, LockTarget } from '../safety/blockers.ts';
import { createCap, ranIntoCap, type Cap } from '../safety/cap.ts';
import { checkClient } from '../safety/client-check.ts';
import { assertLease } from '../safety/lease.ts';
import { limitStatement } from '../safety/limits.ts';
import { standInLine, type InLine, type Try } from '../safety/lock.ts';
import { patientMs, shooAutovacuum } from '../safety/autovacuum.ts';
import { LookAgain, mayRetry, OutOfPatience } from '../safety/retry.ts';
import { listenForUnconfirmed, requireStandbys } from '../safety/standby.ts';
import { resolveTargets, stillThere } from '../safety/targets.ts';
import { takenLocks } from '../safety/taken-locks.ts';
import type { Watchdog } from '../safety/watchdog.ts';
import { whoStays } from './blocked.ts';
import { commitStands } from './commit-outcome.ts';
import { requireUsable } from './invalid-index.ts';
import { CommitFailed, Ended, StepFailed, watchOver, type RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import type { Facts } from './facts.ts';
import { recordCosts, recordDone, recordStatements } from './ledger.ts';
import { type StatementResult, statementResult } from './result.ts';
import { requireOpen } from './schedule.ts';
import type { Step } from './steps.ts';
import { tellUnconfirmed } from './unconfirmed.ts';
import { tellUnforeseen } from './unforeseen.ts';

export interface TransactionWork {
  readonly file: MigrationFile;
  readonly begin: string;
  readonly steps: readonly Step[];
  readonly facts: Facts;
  /** Whether the file is done with it; then the ledger says so in the same transaction. */
  readonly last: boolean;
}

/** What a failed try has met that nobody had foretold. */
interface Learned {
  readonly targets: Map<number, LockTarget>;
  blockers: readonly Blocker[];
}

/**
 * Runs statements in one transaction, together with their ledger rows: looks, takes the locks first, and does it again from the start when
 * it met someone. Throws {@link StepFailed} and {@link Ended} when it was rolled back for good.
 */
export async function runTransaction(context: RunContext, work: TransactionWork): Promise<InLine<StatementResult[]>> {
  const { control, main, limits, signal, version } = context;
  await checkClient(main, version, true);
  const patient = await patientMs(control);
  const needs = work.steps.flatMap((step) => step.needs);
  let needed = await resolveTargets(control, needs);
  const learned: Learned = { targets: new Map(), blockers: [] };
  let mayLockFirst = true;
  const waiting = firstThatWaits(work.steps);
  const { facts } = work;
  facts.at(waiting.statement.index);
  return standInLine(
    {
      control,
      main,
      limits,
      signal,
      targets: async () => {
        if (!(await stillThere(control, needed))) needed = await resolveTargets(control, needs);
        return [...needed, ...learned.targets.values()];
      },
      lastBlockers: () => learned.blockers,
      beforeLook: () => requireOpen(context),
      onWait(wait) {
        facts.at(waiting.statement.index);
        facts.wait(wait);
        context.emit({ event: 'waiting-for-lock', path: work.file.path, line: waiting.line, ...wait });
      },
      onStays: (blocker) =>
        context.emit({ event: 'warning', path: work.file.path, message: whoStays(blocker, limits) }),
    },
    async (one) => {
      facts.try(one);
      const lockFirst = mayLockFirst ? needed.filter(({ lockable }) => lockable) : [];
      const outcome = await tryOnce(context, work, { ...one, lockFirst, patient }, learned);
      if (outcome !== 'not-lockable') return outcome;
      // Where it has just gone or got another name, the next look finds out. Otherwise the statement itself will tell.
      mayLockFirst = !(await stillThere(control, needed));
      throw new LookAgain('a table could not be locked by its name');
    },
  );
}

interface OneTry extends Try {
  /** Locked before the first statement that needs one of them, in this order. */
  readonly lockFirst: readonly LockTarget[];
  /** How long whoever blocks no traffic waits for a lock, in milliseconds. */
  readonly patient: number;
}

async function tryOnce(
  context: RunContext,
  work: TransactionWork,
  one: OneTry,
  learned: Learned,
): Promise<StatementResult[] | 'not-lockable'> {
  const { control, main, limits } = context;
  if (!work.steps.some(choosesCommit)) await requireStandbys(control, main);
  const { lockFirst } = one;
  const cap = createCap(limits.capMs);
  const { dog, release, waiters } = watchOver(context, cap, { patienceMs: one.patienceMs }, work.facts);
  let step: Step | null = null;
  let locking = false;
  let committing = false;
  const timings: Timing[] = [];
  try {
    await main.exec(work.begin);
    if (one.autovacuum !== null) {
      locking = true;
      await shooAutovacuum(main, lockFirst, one.patient);
      await one.autovacuum.settle();
      locking = false;
    }
    const lockBefore = firstToLock(work.steps, lockFirst);
    for (step of work.steps) {
      const startedAt = performance.now();
      work.facts.at(step.statement.index);
      if (step === lockBefore) {
        locking = true;
        await takeLocks(context, lockFirst, cap, one.patienceMs, dog);
        locking = false;
      }
      const lockedAt = performance.now();
      if (step.needs.length > 0) cap.start(lockedAt);
      await limit(context, step, cap, one, dog);
      await main.exec(step.statement.text);
      await requireUsable(main, step);
      timings.push({ step, waitedMs: lockedAt - startedAt, durationMs: performance.now() - lockedAt });
    }
    step = null;
    const taken = takenLocks(control, main, context.ledger.schema).catch(() => []);
    const xid = await keepBooks(
      context,
      work,
      results(work, timings, one, cap.startedAt(), performance.now()),
      cap,
      dog,
      one.patient,
    );
    const held = await taken;
    leftOf(cap, dog);
    committing = true;
    const done = await commit(context, work, xid, () =>
      results(work, timings, one, cap.startedAt(), performance.now()),
    );
    tellUnforeseen(context, work.file, work.steps, held);
    return done;
  } catch (error) {
    await main.exec('ROLLBACK').catch(() => undefined);
    if (locking && isNotLockable(error)) return 'not-lockable';
    const why = dog.cause() ?? (error instanceof Ended ? error.why : ranIntoCap(error, cap) ? 'cap' : null);
    for (const target of dog.waitedFor()) learned.targets.set(target.oid, target);
    learned.blockers = dog.waitedBehind();
    work.facts.meet(learned.blockers);
    if (why === 'out-of-patience' && !main.lost.aborted) throw new OutOfPatience(error);
    if (why !== null) {
      const cost = { heldMs: performance.now() - (cap.startedAt() ?? Infinity), waiters: waiters() };
      throw new Ended(why, step, { cause: error, cost });
    }
    if (mayRetry(error) || !isSqlFailure(error) || isConnectionLost(error)) throw error;
    if (committing) throw new CommitFailed(error);
    if (step === null) throw error;
    throw new StepFailed(step, error);
  } finally {
    await release();
    // A cancel of ours may have hit the ROLLBACK.
    if (main.transactionStatus() !== 'idle') await main.exec('ROLLBACK').catch(() => undefined);
  }
}

/** The file says itself whether its COMMIT waits for standbys. */
function choosesCommit({ statement: { action } }: Step): boolean {
  return action.kind === 'set' && action.name === 'synchronous_commit';
}

/** Before this statement all locks are taken: the first one that needs one, or touches a table that will be locked. */
function firstToLock(steps: readonly Step[], lockFirst: readonly LockTarget[]): Step | undefined {
  const tables = new Set(lockFirst.map(({ relation }) => relation));
  return steps.find(({ needs, touches }) => needs.length > 0 || touches.some((relation) => tables.has(relation)));
}

async function takeLocks(
  context: RunContext,
  targets: readonly LockTarget[],
  cap: Cap,
  patienceMs: number,
  dog: Watchdog,
): Promise<void> {
  const startedAt = performance.now();
  for (const { relation, mode } of targets) {
    cap.start(startedAt);
    // Who waits for the second table holds the first one up meanwhile, so all of them share one patience.
    const left = Math.max(1, patienceMs - (performance.now() - startedAt));
    const capLeftMs = leftOf(cap, dog);
    await limitStatement(
      context.main,
      context.version,
      { lockTimeoutMs: left, statementTimeoutMs: capLeftMs, capLeftMs },
      `LOCK TABLE ONLY ${relation} IN ${sqlLockMode(mode)} MODE`,
    );
  }
}

async function limit(context: RunContext, step: Step, cap: Cap, one: OneTry, dog: Watchdog): Promise<void> {
  const capLeftMs = leftOf(cap, dog);
  const running = capLeftMs !== Infinity;
  await limitStatement(context.main, context.version, {
    lockTimeoutMs: running || step.mayBlock ? one.patienceMs : one.patient,
    statementTimeoutMs: running ? capLeftMs : 0,
    ...(running ? { capLeftMs } : {}),
  });
}

/** What is left of the cap; throws when there is nothing, or when the work was ended for another cause. */
function leftOf(cap: Cap, dog: Watchdog): number {
  const left = cap.leftMs(performance.now());
  const why = dog.cause() ?? (left === 0 ? 'cap' : null);
  if (why !== null) throw new Ended(why, null);
  return left;
}

/** The ledger's rows, in the file's own transaction, whose number it resolves with; as ourselves, whatever role the file has taken on. */
async function keepBooks(
  context: RunContext,
  work: TransactionWork,
  done: readonly StatementResult[],
  cap: Cap,
  dog: Watchdog,
  patient: number,
): Promise<string | null> {
  const { main, ledger, lease, identity } = context;
  await main.exec(`SET LOCAL client_encoding = 'UTF8'`);
  await main.query(
    `SELECT pg_catalog.set_config('session_authorization', $1, true), pg_catalog.set_config('role', $2, true)`,
    [identity.sessionUser, identity.role],
  );
  const capLeftMs = leftOf(cap, dog);
  const running = capLeftMs !== Infinity;
  await limitStatement(main, context.version, {
    lockTimeoutMs: patient,
    statementTimeoutMs: running ? capLeftMs : 0,
    ...(running ? { capLeftMs } : {}),
  });
  await recordStatements(
    main,
    ledger,
    work.file,
    work.steps.flatMap(({ statement, line }, index) => {
      const result = done[index];
      return result === undefined ? [] : [{ statement, line, result }];
    }),
  );
  if (work.last) await recordDone(main, ledger, work.file);
  return assertLease(main, lease);
}

async function commit(
  context: RunContext,
  work: TransactionWork,
  xid: string | null,
  finalResults: () => StatementResult[],
): Promise<StatementResult[]> {
  const { main, control, ledger } = context;
  const unconfirmed = listenForUnconfirmed(main);
  try {
    const [tag] = await main.exec('COMMIT');
    if (tag?.command !== 'COMMIT')
      throw new Error('The transaction had failed and was rolled back instead of committed.');
  } catch (error) {
    // Only the server knows whether it happened, and it has written it down.
    if (!isConnectionLost(error) || !(await commitStands(control, ledger, xid, work.file, work.steps))) throw error;
  } finally {
    unconfirmed.stop();
  }
  const ended = finalResults();
  if (unconfirmed.heard()) await tellUnconfirmed(context, work.file);
  if (ended.some(({ heldMs }) => heldMs > 0))
    await recordCosts(control, ledger, work.file, ended).catch(() => undefined);
  return ended;
}

interface Timing {
  readonly step: Step;
  readonly waitedMs: number;
  readonly durationMs: number;
}

function results(
  { facts }: TransactionWork,
  timings: readonly Timing[],
  one: Try,
  heldSince: number | null,
  now: number,
): StatementResult[] {
  const first = timings.findIndex(({ step }) => step.mayBlock);
  return timings.map(({ step, waitedMs, durationMs }, index) =>
    statementResult({
      index: step.statement.index,
      attempts: one.attempt,
      waitedMs: waitedMs + (index === Math.max(0, first) ? one.waitedMs : 0),
      heldMs: heldSince !== null && step.mayBlock ? now - heldSince : 0,
      durationMs,
      ...facts.of(step.statement.index),
    }),
  );
}

/** The role may not lock the table, or it has just been dropped or renamed: the statement itself will tell. */
function isNotLockable(error: unknown): boolean {
  const state = sqlstate(error);
  return (
    state === SQLSTATE.insufficient_privilege ||
    state === SQLSTATE.undefined_table ||
    state === SQLSTATE.undefined_schema
  );
}

/** The statement that the waiting for locks is put down to. */
function firstThatWaits(steps: readonly Step[]): Step {
  const step = steps.find(({ mayBlock }) => mayBlock) ?? steps[0];
  if (step === undefined) throw new Error('a transaction without a statement');
  return step;
}
