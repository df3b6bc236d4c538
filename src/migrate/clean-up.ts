import { sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { createCap } from '../safety/cap.ts';
import { limitStatement } from '../safety/limits.ts';
import { follow } from '../safety/progress.ts';
import { Ended, watchOver, type RunContext } from './context.ts';
import { detachState, leftovers, type IndexState, type IndexTrail } from './leftovers.ts';
import type { OnlineWork } from './online.ts';

/** How long to wait for others while clearing up; the next run has all the time. */
const CLEAR_UP_MS = 1_000;

/**
 * Drops invalid indexes that an attempt of ours has left, never one that someone is building; waits for others as long as online work may.
 */
export async function dropLeftovers(
  context: RunContext,
  place: { readonly path: string; readonly line: number },
  trail: IndexTrail,
): Promise<void> {
  const { control, main, version, limits } = context;
  const left = (await leftovers(main, trail)).filter(({ building }) => !building);
  if (left.length === 0) return;
  await limitStatement(main, version, { lockTimeoutMs: 0, statementTimeoutMs: 0 });
  const { dog, release } = watchOver(context, createCap(limits.capMs), { online: true });
  const stopped = new AbortController();
  const following = follow(control, main, dog, {
    giveUpAfterMs: limits.giveUpAfterMs,
    waitForSnapshotsMs: limits.waitForSnapshotsMs ?? Infinity,
    stopped: stopped.signal,
    onProgress: ({ phase, ...progress }) =>
      context.emit({ event: 'progress', ...place, phase: `dropping what was left: ${phase}`, ...progress }),
  });
  try {
    for (const index of left) await drop(context, index);
  } catch (error) {
    const why = dog.cause();
    if (why === null) throw error;
    throw new Ended(why, null, {
      cause: error,
      left: `the invalid index ${left.map(({ name }) => name).join(', ')} is left, and the next run drops it`,
      blockers: dog.waitedBehind(),
    });
  } finally {
    stopped.abort();
    await following;
    await release();
  }
}

/** Tries once to drop what a failed attempt has left. */
export async function tidyUp(context: RunContext, trail: IndexTrail): Promise<void> {
  const { main, version } = context;
  await limitStatement(main, version, { lockTimeoutMs: CLEAR_UP_MS, statementTimeoutMs: 0 });
  for (const index of await leftovers(main, trail)) {
    if (!index.building) await drop(context, index).catch(() => undefined);
  }
}

async function drop({ main, emit }: RunContext, { name }: IndexState): Promise<void> {
  try {
    await main.exec(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  } catch (error) {
    // Of a table that keeps long values: only a superuser may name it. It costs space and time to write, and is in nobody's way.
    if (sqlstate(error) !== SQLSTATE.insufficient_privilege || !name.startsWith('pg_toast.')) throw error;
    emit({
      event: 'warning',
      path: null,
      message: `The invalid index ${name} was left by an attempt that failed; a superuser can drop it: DROP INDEX CONCURRENTLY ${name}.`,
    });
  }
}

/** What online work has left half done, in words. */
export async function whatIsLeft(
  main: Session,
  work: OnlineWork | null,
  trail: IndexTrail | null,
): Promise<string | null> {
  if (work?.kind === 'detach-partition') {
    const half = (await detachState(main, work)) === 'pending';
    return half ? `the partition ${work.partition.name} is half detached, and the next run finishes it` : null;
  }
  if (trail === null) return null;
  const names = (await leftovers(main, trail)).map(({ name }) => name);
  if (names.length === 0) return null;
  if (work?.kind === 'drop-index') return `the index ${names.join()} is invalid by now, and the next run drops it`;
  return names.length === 1
    ? `the invalid index ${names.join()} is left, and the next run drops it`
    : `the invalid indexes ${names.join(', ')} are left, and the next run drops them`;
}
