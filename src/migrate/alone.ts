import { isConnectionLost, isSqlFailure } from '../db/errors.ts';
import { withTransaction } from '../db/transaction.ts';
import { qualify } from '../postgres/quote.ts';
import type { LockTarget } from '../safety/blockers.ts';
import { createCap, ranIntoCap } from '../safety/cap.ts';
import { checkClient } from '../safety/client-check.ts';
import { patientMs, shooAutovacuum } from '../safety/autovacuum.ts';
import { limitStatement } from '../safety/limits.ts';
import { type AutovacuumInTheWay, standInLine, type InLine, type Try } from '../safety/lock.ts';
import { follow } from '../safety/progress.ts';
import { mayRetry, OutOfPatience } from '../safety/retry.ts';
import { listenForUnconfirmed, requireStandbys } from '../safety/standby.ts';
import { resolveTargets } from '../safety/targets.ts';
import { cannotHappen, probe } from './after-crash.ts';
import { whoStays } from './blocked.ts';
import { dropLeftovers, tidyUp, whatIsLeft } from './clean-up.ts';
import { Ended, StepFailed, watchOver, type RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { waitForEarlierRun } from './earlier-run.ts';
import type { Facts } from './facts.ts';
import { requireUsable } from './invalid-index.ts';
import { detachState, finalizeTargets, leftovers, trailOf, type IndexTrail } from './leftovers.ts';
import { recordIntent, recordStatementFailure, recordStatements, type StatementRow } from './ledger.ts';
import { onlineWork, type OnlineWork } from './online.ts';
import { NO_COST, type StatementResult, statementResult } from './result.ts';
import { requireOpen } from './schedule.ts';
import type { Step } from './steps.ts';
import { tellUnconfirmed } from './unconfirmed.ts';
import { collectTaken, tellUnforeseen } from './unforeseen.ts';

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

/**
 * Runs one statement outside of a transaction, between two notes in the ledger: that it is about to run, and that it is done. After an
 * attempt that failed or died it first looks at what that has left on the server.
 */
export async function runAlone(context: RunContext, work: AloneWork): Promise<InLine<StatementResult> & LeftBehind> {
  const { control, main, lease, ledger, limits, signal } = context;
  const { file, step, before, facts } = work;
  const online = onlineWork(step.statement.action);
  const place = { path: file.path, line: step.line };
  if (before?.state === 'running') await waitForEarlierRun(context, place, before.backend);
  const verdict = before?.state === 'running' ? await probe(main, step, online, before) : 'run';
  if (verdict === 'done') {
    const result = { index: step.statement.index, ...NO_COST };
    await recordStatements(control, ledger, file, [{ statement: step.statement, line: step.line, result }]);
    return { kind: 'done', value: result, attempts: 0, waitedMs: 0 };
  }
  await checkClient(main, context.version, online === null);
  const attempt: Attempt = { online, trail: await ownTrail(context, online, before), finalize: verdict === 'finalize' };
  const detach = online?.kind === 'detach-partition' ? online : null;
  let targets: readonly LockTarget[] =
    detach !== null && attempt.finalize
      ? await finalizeTargets(main, detach)
      : await resolveTargets(control, step.needs);
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
      await requireStandbys(control, main);
      if (one.autovacuum !== null) await clearAutovacuum(context, targets, one.autovacuum);
      // A DROP that is half done is what it goes on with.
      if (attempt.trail !== null && online?.kind !== 'drop-index') await dropLeftovers(context, place, attempt.trail);
      if (!(await cannotHappen(main, step.statement.action))) {
        await recordIntent(control, ledger, lease, file, {
          statement: step.statement,
          line: step.line,
          backend: main,
          trail: attempt.trail ?? { ...NO_TRAIL, tables: detach === null ? [] : await partitionOid(main, detach) },
        });
      }
      try {
        return await tryOnce(context, work, attempt, one);
      } catch (error) {
        if (detach !== null && mayRetry(error) && (await detachState(main, detach)) === 'pending') {
          attempt.finalize = true;
          targets = await finalizeTargets(main, detach);
        }
        throw error;
      }
    },
  );
  if (line.kind === 'gave-up') {
    const left = await whatIsLeft(main, online, attempt.trail);
    if (left === null) await recordStatementFailure(control, ledger, file, step.statement.index);
    return { ...line, left };
  }
  await recordStatements(control, ledger, file, [{ statement: step.statement, line: step.line, result: line.value }]);
  return line;
}

const NO_TRAIL = { tables: [], index: null, seen: [] } as const;

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
  readonly trail: IndexTrail | null;
  /** The second half of a DETACH CONCURRENTLY: it blocks as any other DDL does. */
  finalize: boolean;
}

async function tryOnce(
  context: RunContext,
  { file, step, facts }: AloneWork,
  { online, trail, finalize }: Attempt,
  one: Try,
): Promise<StatementResult> {
  const { control, main, limits, ledger } = context;
  const bounded = online === null || finalize;
  const cap = createCap(limits.capMs);
  const taken = collectTaken(context);
  const { dog, release, waiters } = watchOver(
    context,
    cap,
    { patienceMs: one.patienceMs, online: !bounded, onHeld: taken.see },
    facts,
  );
  const unconfirmed = listenForUnconfirmed(main);
  const stopped = new AbortController();
  const following = follow(control, main, dog, {
    giveUpAfterMs: bounded ? Infinity : limits.giveUpAfterMs,
    waitForSnapshotsMs: bounded ? Infinity : (limits.waitForSnapshotsMs ?? Infinity),
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
    await requireUsable(main, step);
    const endedAt = performance.now();
    if (unconfirmed.heard()) await tellUnconfirmed(context, file);
    tellUnforeseen(context, file, [step], taken.all());
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
      // What is half done is looked at before the next try.
      if (online === null) await recordStatementFailure(control, ledger, file, step.statement.index);
      if (why === null) throw error;
      throw new OutOfPatience(error);
    }
    const failed = why === null && isSqlFailure(error);
    const inTheWay = dog.waitedBehind();
    if (!lost && trail !== null && online?.kind !== 'drop-index' && (failed || (why !== null && GIVEN_UP.has(why))))
      await tidyUp(context, trail).catch(() => undefined);
    const left = lost ? null : await whatIsLeft(main, online, trail).catch(() => null);
    if (!lost && left === null)
      await recordStatementFailure(control, ledger, file, step.statement.index).catch(() => undefined);
    if (why !== null) {
      const cost = { heldMs: endedAt - (cap.startedAt() ?? endedAt), waiters: waiters() };
      throw new Ended(why, step, { cause: error, left, cost, blockers: GIVEN_UP.has(why) ? inTheWay : [] });
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

/** There is no hurry to leave. */
const GIVEN_UP: ReadonlySet<string> = new Set(['lock-not-had', 'waited-too-long']);

/** What this statement will leave, if it fails; what its earlier attempts have left is among it. */
async function ownTrail(
  { main }: RunContext,
  online: OnlineWork | null,
  before: StatementRow | undefined,
): Promise<IndexTrail | null> {
  const trail = await trailOf(main, online);
  if (trail === null || before === undefined) return trail;
  const ours = new Set((await leftovers(main, { ...trail, seen: before.trail.seen })).map(({ oid }) => oid));
  return { ...trail, seen: trail.seen.filter((oid) => !ours.has(oid)) };
}

async function partitionOid(
  main: RunContext['main'],
  { partition }: Extract<OnlineWork, { readonly kind: 'detach-partition' }>,
): Promise<number[]> {
  const [row] = await main.query<{ oid: number | null }>('SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid', [
    qualify(partition.schema ?? undefined, partition.name),
  ]);
  return typeof row?.oid === 'number' ? [row.oid] : [];
}

function finalizeSql({ parent, partition }: Extract<OnlineWork, { readonly kind: 'detach-partition' }>): string {
  const sql = ({ schema, name }: typeof parent) => qualify(schema ?? undefined, name);
  return `ALTER TABLE ${sql(parent)} DETACH PARTITION ${sql(partition)} FINALIZE`;
}
