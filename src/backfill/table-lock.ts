import { setTimeout as sleep } from 'node:timers/promises';
import { sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { formatDuration } from '../duration.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { type Blocker, blockersOf, findHolders } from '../safety/blockers.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { describeFailure } from './failure.ts';

/** How long to wait for a table that someone has locked before the first batch. */
export interface LockPatience {
  readonly forMs: number;
  /** Aborted to give up at once. */
  readonly stop?: AbortSignal;
}

export const DEFAULT_PATIENCE: LockPatience = { forMs: 30_000 };

export interface LockedTable {
  readonly oid: string;
  readonly shown: string;
}

const PAUSE_MS = 200;

/** Does something that needs the table, again while someone has it locked; throws a Problem (exit 3) that names the holder after `forMs`. */
export async function waitingForTable<T>(
  session: Session,
  table: LockedTable,
  command: BatchStatement['command'],
  { forMs, stop }: LockPatience,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isTimeout(error)) throw error;
      if (stop?.aborted === true || performance.now() >= deadline) throw await locked(session, table, command, error);
    }
    await sleep(PAUSE_MS, undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
  }
}

/** A wait for a lock, or for anything else, was cut off by this session's own limits. */
function isTimeout(error: unknown): boolean {
  const state = sqlstate(error);
  return state === SQLSTATE.lock_not_available || state === SQLSTATE.query_canceled;
}

async function locked(
  session: Session,
  { oid, shown }: LockedTable,
  command: BatchStatement['command'],
  cause: unknown,
): Promise<Problem> {
  const mode = command === 'insert' ? 'AccessShareLock' : 'RowExclusiveLock';
  const target = { oid: Number(oid), relation: shown, relkind: 'r', mode, lockable: false } as const;
  const [holder] = blockersOf(await findHolders(session, [target], [session]));
  const who = holder === undefined ? describeFailure(cause) : holding(holder);
  return new Problem(`The backfill could not begin: ${who}.`, {
    exitCode: 3,
    advice: 'Run it again when that lock is gone; nothing was changed.',
    cause,
  });
}

function holding({ kind, pid, application, user, transactionAgeMs, lock, relation, query }: Blocker): string {
  const known = [application, user].filter((part) => part !== null).join(', ');
  const age = transactionAgeMs === null ? '' : ` for ${formatDuration(transactionAgeMs)}`;
  const who =
    kind === 'prepared-transaction'
      ? `the prepared transaction ${query ?? ''}`
      : `pid ${pid ?? '?'}${known === '' ? '' : ` (${known})`}`;
  return `${who} holds ${lock} on ${relation}${age}`;
}
