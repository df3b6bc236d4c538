import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../src/db/session.ts';
import { type LockMode, LOCK_MODES } from '../../src/postgres/lock-mode.ts';
import { compareStates, type Observed, readRelations } from './observe.ts';

/**
 * Modes that two sessions can hold at once; each stops other stronger ones. A statement that asks for a stronger mode than it holds already
 * is stopped by one of them, so every step up is seen.
 */
const FENCE = ['ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock', 'AccessShareLock'] as const;
type FenceMode = (typeof FENCE)[number];

/** Which of them let a mode through: the table of conflicts in https://www.postgresql.org/docs/current/explicit-locking.html. */
const STOPS: Readonly<Record<FenceMode, LockMode>> = {
  ShareUpdateExclusiveLock: 'ShareUpdateExclusiveLock',
  RowExclusiveLock: 'ShareLock',
  RowShareLock: 'ExclusiveLock',
  AccessShareLock: 'AccessExclusiveLock',
};

interface LockRow {
  readonly locktype: string;
  readonly granted: boolean;
  /** Of a relation; of a transaction, the prepared one that it waits for. */
  readonly oid: string | null;
  readonly prepared: string | null;
  readonly mode: LockMode;
}

const LOCKS = `
  SELECT l.locktype, l.granted, l.relation::text AS oid, p.gid AS prepared, l.mode
    FROM pg_locks l LEFT JOIN pg_prepared_xacts p ON p.transaction = l.transactionid
   WHERE l.pid = $1
     AND (l.database IS NULL OR l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`;

/**
 * Runs a statement that cannot run in a transaction, and watches from outside which locks it asks for. Every table is fenced: prepared
 * transactions hold locks on it, and each is let go only after the statement was seen to wait for it.
 */
export async function observeOutside(session: Session, watcher: Session, statement: string): Promise<Observed[]> {
  const before = await readRelations(session);
  const fence = await putFence(
    watcher,
    before.filter(({ relkind }) => relkind === 'r' || relkind === 'p'),
  );
  const seen = new Map<string, { oid: string; mode: LockMode }>();
  const state = { ended: false };
  const running = session.exec(statement).finally(() => {
    state.ended = true;
  });
  // It is awaited at the end; a failure before that is no unhandled one.
  running.catch(() => {});
  try {
    while (!state.ended) {
      const locks = await watcher.query<LockRow>(LOCKS, [session.pid]);
      for (const { locktype, oid, mode } of locks)
        if (locktype === 'relation' && oid !== null) seen.set(`${oid} ${mode}`, { oid, mode });
      const waiting = locks.find(({ granted }) => !granted);
      if (waiting === undefined) await sleep(1);
      else if (waiting.oid !== null) await fence.letThrough(waiting.oid, waiting.mode);
      else if (waiting.prepared !== null) await fence.renew(waiting.prepared);
    }
    await running;
  } finally {
    await fence.remove();
  }
  return compareStates(before, await readRelations(session), [...seen.values()], null);
}

interface Fence {
  /** Lets go what stops this mode on this relation. */
  letThrough(oid: string, mode: LockMode): Promise<void>;
  /** The statement waits for the end of those who hold locks now, as CREATE INDEX CONCURRENTLY does; it does not wait for newer ones. */
  renew(gid: string): Promise<void>;
  remove(): Promise<void>;
}

async function putFence(
  session: Session,
  tables: readonly { readonly oid: string; readonly quoted: string }[],
): Promise<Fence> {
  const standing = new Map<string, { oid: string; quoted: string; mode: FenceMode }>();
  const put = (gid: string, quoted: string, mode: FenceMode, how = ''): string =>
    `BEGIN; LOCK TABLE ONLY ${quoted} IN ${sqlMode(mode)} MODE ${how}; PREPARE TRANSACTION '${gid}'`;
  const letGo = async (gid: string): Promise<void> => {
    standing.delete(gid);
    await session.exec(`ROLLBACK PREPARED '${gid}'`);
  };

  for (const { oid, quoted } of tables)
    for (const mode of FENCE) standing.set(`${session.pid} ${oid} ${mode}`, { oid, quoted, mode });
  await session.exec([...standing].map(([gid, { quoted, mode }]) => put(gid, quoted, mode)).join(';'));

  return {
    async letThrough(oid, mode) {
      for (const [gid, held] of standing)
        if (held.oid === oid && LOCK_MODES.indexOf(mode) >= LOCK_MODES.indexOf(STOPS[held.mode])) await letGo(gid);
    },
    async renew(gid) {
      const held = standing.get(gid);
      await letGo(gid);
      if (held === undefined) return;
      try {
        await session.exec(put(gid, held.quoted, held.mode, 'NOWAIT'));
        standing.set(gid, held);
      } catch {
        // The statement holds a lock by now that the fence would stop, or the table is gone.
        await session.exec('ROLLBACK');
      }
    },
    async remove() {
      for (const gid of standing.keys()) await letGo(gid);
    },
  };
}

/** `ShareUpdateExclusiveLock` is written SHARE UPDATE EXCLUSIVE. */
function sqlMode(mode: LockMode): string {
  return mode
    .replace(/Lock$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();
}
