import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../src/db/session.ts';
import { LOCK_MODES, stronger, type LockMode } from '../../src/postgres/lock-mode.ts';

/** What a statement was seen to do to a relation that existed before it. */
export interface Observed {
  readonly relation: string;
  readonly kind: 'index' | 'other';
  readonly lock: LockMode;
  readonly rewrite: boolean;
  readonly scan: boolean;
  readonly indexBuild: boolean;
}

interface RelationRow {
  readonly oid: string;
  readonly relation: string;
  readonly relkind: string;
  readonly filenode: string;
  readonly table: string | null;
}

/** User relations with their files; an index with its table. */
const RELATIONS = `
  SELECT c.oid::text, n.nspname || '.' || c.relname AS relation, c.relkind::text, c.relfilenode::text AS filenode, i.indrelid::text AS table
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')`;

const LOCKS = `SELECT relation::text AS oid, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** A foreign key may be checked through an index. The counters also hold what earlier transactions counted and have not reported yet, so that only the difference tells. */
async function readScans(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ oid: string; scans: string }>(
    'SELECT relid::text AS oid, seq_scan + coalesce(idx_scan, 0) AS scans FROM pg_stat_xact_user_tables',
  );
  return new Map(rows.map(({ oid, scans }) => [oid, scans]));
}

/**
 * Runs a statement in a transaction of its own and looks at its locks, files and scan counters before that ends; `keep` says whether it commits.
 */
export async function observe(session: Session, statement: string, { keep }: { keep: boolean }): Promise<Observed[]> {
  const before = await session.query<RelationRow>(RELATIONS);
  await session.exec('BEGIN');
  try {
    const scansBefore = await readScans(session);
    await session.exec(statement);
    const locks = await session.query<{ oid: string; mode: LockMode }>(LOCKS, [session.pid]);
    const scans = await readScans(session);
    const after = await session.query<RelationRow>(RELATIONS);
    await session.exec(keep ? 'COMMIT' : 'ROLLBACK');
    return compareStates(
      before,
      after,
      locks,
      new Set([...scans.keys()].filter((oid) => (scansBefore.get(oid) ?? '0') !== scans.get(oid))),
    );
  } catch (error) {
    await session.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Runs a statement that cannot run in a transaction, and watches from outside which locks it asks for while another session holds a
 * conflicting one on each table.
 */
export async function observeOutside(
  session: Session,
  watcher: Session,
  blocker: Session,
  statement: string,
): Promise<Observed[]> {
  const before = await session.query<RelationRow>(RELATIONS);
  await blocker.exec('BEGIN');
  for (const { relation } of before.filter(({ relkind }) => relkind === 'r' || relkind === 'p')) {
    await blocker.exec(`LOCK TABLE ${relation} IN SHARE UPDATE EXCLUSIVE MODE`);
  }
  const running = session.exec(statement).then(
    () => ({ done: true as const }),
    (error: unknown) => ({ done: true as const, error }),
  );
  const seen = new Map<string, { oid: string; mode: LockMode }>();
  let released = false;
  for (;;) {
    // Asked first: what it waits for is then among the locks.
    const waiting = await waits(watcher, session.pid);
    const locks = await watcher.query<{ oid: string; mode: LockMode }>(LOCKS, [session.pid]);
    for (const lock of locks) seen.set(`${lock.oid} ${lock.mode}`, lock);
    if (!released && waiting) {
      released = true;
      await blocker.exec('COMMIT');
    }
    const outcome = await Promise.race([running, sleep(5, { done: false as const })]);
    if (!outcome.done) continue;
    if (!released) await blocker.exec('COMMIT');
    if ('error' in outcome) throw outcome.error;
    break;
  }
  const after = await session.query<RelationRow>(RELATIONS);
  return compareStates(before, after, [...seen.values()], null);
}

async function waits(watcher: Session, pid: number): Promise<boolean> {
  const rows = await watcher.query('SELECT 1 AS one FROM pg_locks WHERE pid = $1 AND NOT granted', [pid]);
  return rows.length > 0;
}

/** `scanned` is null where scans cannot be counted from outside; then a scan is taken from the files alone. */
function compareStates(
  before: readonly RelationRow[],
  after: readonly RelationRow[],
  locks: readonly { oid: string; mode: LockMode }[],
  scanned: ReadonlySet<string> | null,
): Observed[] {
  const afterByOid = new Map(after.map((row) => [row.oid, row]));
  const files = new Set(before.map(({ filenode }) => filenode));
  const strongest = new Map<string, LockMode>();
  for (const { oid, mode } of locks) {
    if (LOCK_MODES.includes(mode)) strongest.set(oid, stronger(strongest.get(oid) ?? mode, mode));
  }
  return before.flatMap((row) => {
    const lock = strongest.get(row.oid);
    if (lock === undefined) return [];
    const now = afterByOid.get(row.oid);
    const rewrite = ['r', 'm'].includes(row.relkind) && now !== undefined && now.filenode !== row.filenode;
    // A type change that keeps an index gives it a new oid, but its old file.
    const indexBuild = after.some(
      (index) => index.relkind === 'i' && index.table === row.oid && !files.has(index.filenode),
    );
    // What a query reads, and how, is the planner's choice.
    const counted = lock !== 'AccessShareLock' && scanned?.has(row.oid) === true;
    const scan = rewrite || indexBuild || counted;
    return [{ relation: row.relation, kind: row.table === null ? 'other' : 'index', lock, rewrite, scan, indexBuild }];
  });
}
