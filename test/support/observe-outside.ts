import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../src/db/session.ts';
import { type LockMode, LOCK_MODES } from '../../src/postgres/lock-mode.ts';
import { compareStates, type Observed, readRelations, type RelationRow } from './observe.ts';

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
  /** Of an index: false once it is only waiting to be removed. */
  readonly live: boolean | null;
}

const LOCKS = `
  SELECT l.locktype, l.granted, l.relation::text AS oid, p.gid AS prepared, l.mode, i.indislive AS live
    FROM pg_locks l
    LEFT JOIN pg_prepared_xacts p ON p.transaction = l.transactionid
    LEFT JOIN pg_index i ON i.indexrelid = l.relation
   WHERE l.pid = $1
     AND (l.database IS NULL OR l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`;

/** Prepared transactions with a lock on a relation; each holds a lock on its own number as well. */
const HOLDERS = `
  SELECT p.gid
    FROM pg_locks l
    JOIN pg_locks own ON own.virtualtransaction = l.virtualtransaction AND own.locktype = 'transactionid'
    JOIN pg_prepared_xacts p ON p.transaction = own.transactionid
   WHERE l.locktype = 'relation' AND l.relation = $1::oid`;

/**
 * Runs a statement that cannot run in a transaction, and watches from outside which locks it asks for. Every table is fenced: prepared
 * transactions hold locks on it, and each is let go only after the statement was seen to wait for it.
 */
export async function observeOutside(session: Session, watcher: Session, statement: string): Promise<Observed[]> {
  const before = await readRelations(session);
  const indexes = new Set(before.filter(({ table }) => table !== null).map(({ oid }) => oid));
  // Nobody else can lock a temporary table, and no prepared transaction may hold one.
  const fence = await putFence(
    watcher,
    before.filter(({ relation }) => !relation.startsWith('pg_temp.')),
    statement,
  );
  const seen = new Map<string, { oid: string; mode: LockMode }>();
  const state = { ended: false };
  // A statement that waits for what the fence cannot let go fails, and says so.
  await session.exec(`SET statement_timeout = '30s'`);
  const running = session.exec(statement).finally(() => {
    state.ended = true;
  });
  // It is awaited at the end; a failure before that is no unhandled one.
  running.catch(() => {});
  try {
    while (!state.ended) {
      const locks = await watcher.query<LockRow>(LOCKS, [session.pid]);
      for (const { locktype, oid, mode, live } of locks) {
        // Nobody can use a dead index, so nobody waits for the lock under which it is removed.
        if (locktype !== 'relation' || oid === null || (indexes.has(oid) && live !== true)) continue;
        seen.set(`${oid} ${mode}`, { oid, mode });
      }
      const waiting = locks.find(({ granted }) => !granted);
      if (waiting === undefined) await sleep(1);
      else if (waiting.oid !== null) await fence.letThrough(waiting.oid, waiting.mode);
      else if (waiting.prepared !== null) await fence.renew(waiting.prepared);
    }
    await running;
  } finally {
    await fence.remove();
    await session.exec('RESET statement_timeout');
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

type Fenced = Pick<RelationRow, 'oid' | 'relation' | 'quoted' | 'relkind' | 'table'>;

interface Held {
  readonly relation: Fenced;
  readonly mode: FenceMode;
}

/** As many as a server lets through at once, `max_prepared_transactions`, with some to spare. */
const MOST_HOLDERS = 500;

async function putFence(session: Session, relations: readonly Fenced[], statement: string): Promise<Fence> {
  const standing = new Map<string, Held>();
  const put = (gid: string, { relation, mode }: Held): string =>
    `BEGIN; SET LOCAL lock_timeout = '1s'; ${lockStatement(relation, mode)}; PREPARE TRANSACTION '${gid}'`;
  const letGo = async (gid: string): Promise<void> => {
    standing.delete(gid);
    await session.exec(`ROLLBACK PREPARED '${gid}'`);
  };

  const holders = relations.reduce((count, { relkind }) => count + modesOf(relkind).length, 0);
  for (const relation of holders <= MOST_HOLDERS ? relations : namedIn(statement, relations))
    for (const mode of modesOf(relation.relkind))
      standing.set(`${session.pid} ${relation.oid} ${mode}`, { relation, mode });
  try {
    await session.exec([...standing].map(([gid, held]) => put(gid, held)).join(';'));
  } catch (error) {
    await session.exec('ROLLBACK');
    const rows = await session.query<{ gid: string }>('SELECT gid FROM pg_prepared_xacts');
    for (const { gid } of rows.filter((row) => standing.has(row.gid))) await letGo(gid);
    throw error;
  }

  const putAgain = async (gid: string, held: Held): Promise<void> => {
    try {
      await session.exec(put(gid, held));
      standing.set(gid, held);
    } catch {
      // The statement holds a lock by now that the fence would stop, or the relation is gone.
      await session.exec('ROLLBACK');
    }
  };

  return {
    async letThrough(oid, mode) {
      const stops = ({ relation, mode: held }: Held): boolean =>
        relation.oid === oid && LOCK_MODES.indexOf(mode) >= LOCK_MODES.indexOf(STOPS[held]);
      const stopping = [...standing].filter(([, held]) => stops(held));
      for (const [gid] of stopping) await letGo(gid);
      if (stopping.length > 0) return;
      // COMMENT and EXPLAIN hold more than they are for: a catalog, an index.
      for (const { gid } of await session.query<{ gid: string }>(HOLDERS, [oid]))
        if (standing.has(gid)) await letGo(gid);
    },
    async renew(gid) {
      const held = standing.get(gid);
      await letGo(gid);
      if (held !== undefined) await putAgain(gid, held);
    },
    async remove() {
      for (const gid of standing.keys()) await letGo(gid);
    },
  };
}

const MODES: Readonly<Record<string, readonly FenceMode[]>> = {
  r: FENCE,
  p: FENCE,
  m: ['ShareUpdateExclusiveLock', 'AccessShareLock'],
  i: ['ShareUpdateExclusiveLock'],
  I: ['ShareUpdateExclusiveLock'],
};

function modesOf(relkind: string): readonly FenceMode[] {
  return MODES[relkind] ?? [];
}

/** The relations whose names the statement holds, with the tables of indexes among them and their other indexes. */
function namedIn(statement: string, relations: readonly Fenced[]): readonly Fenced[] {
  const text = statement.toLowerCase();
  const named = relations.filter(({ relation }) =>
    text.includes(relation.slice(relation.indexOf('.') + 1).toLowerCase()),
  );
  const tables = new Set(named.map(({ oid, table }) => table ?? oid));
  return relations.filter(({ oid, table }) => tables.has(table ?? oid));
}

function takesLockTable({ relkind }: Fenced): boolean {
  return relkind === 'r' || relkind === 'p';
}

/** COMMENT and EXPLAIN lock what LOCK TABLE does not take. */
function lockStatement(fenced: Fenced, mode: FenceMode): string {
  const { quoted, relkind } = fenced;
  if (takesLockTable(fenced)) return `LOCK TABLE ONLY ${quoted} IN ${sqlMode(mode)} MODE`;
  if (mode === 'AccessShareLock') return `EXPLAIN SELECT FROM ${quoted}`;
  return `COMMENT ON ${relkind === 'm' ? 'MATERIALIZED VIEW' : 'INDEX'} ${quoted} IS NULL`;
}

/** `ShareUpdateExclusiveLock` is written SHARE UPDATE EXCLUSIVE. */
function sqlMode(mode: LockMode): string {
  return mode
    .replace(/Lock$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();
}
