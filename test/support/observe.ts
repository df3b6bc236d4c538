import type { Session, SqlValue } from '../../src/db/session.ts';
import { LOCK_MODES, stronger, type LockMode } from '../../src/postgres/lock-mode.ts';

/** What a statement was seen to do to a relation that existed before it. */
export interface Observed {
  readonly oid: string;
  readonly relation: string;
  readonly kind: 'index' | 'other';
  readonly lock: LockMode;
  readonly rewrite: boolean;
  readonly scan: boolean;
  readonly indexBuild: boolean;
}

export interface RelationRow {
  readonly oid: string;
  readonly relation: string;
  /** As a statement names it. */
  readonly quoted: string;
  readonly relkind: string;
  readonly filenode: string;
  readonly table: string | null;
}

/** User relations with their files; an index with its table. */
const RELATIONS = `
  SELECT c.oid::text, regexp_replace(n.nspname, '^pg_temp_[0-9]+$', 'pg_temp') || '.' || c.relname AS relation, format('%I.%I', n.nspname, c.relname) AS quoted, c.relkind::text,
         c.relfilenode::text AS filenode, i.indrelid::text AS table
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I')`;

/** All relations of the database that are not the system's; or, of some, they and their indexes. */
export function readRelations(session: Session, oids?: readonly string[]): Promise<RelationRow[]> {
  if (oids === undefined) return session.query<RelationRow>(RELATIONS);
  return session.query<RelationRow>(`${RELATIONS} AND (c.oid = ANY ($1::oid[]) OR i.indrelid = ANY ($1::oid[]))`, [
    oids,
  ]);
}

const LOCKS = `SELECT relation::text AS oid, mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation'
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** A foreign key may be checked through an index. The counters also hold what earlier transactions counted and have not reported yet, so that only what they grow by tells; they shrink with an index. */
async function readScans(session: Session): Promise<ReadonlyMap<string, bigint>> {
  const rows = await session.query<{ oid: string; scans: string }>(
    'SELECT relid::text AS oid, seq_scan + coalesce(idx_scan, 0) AS scans FROM pg_stat_xact_user_tables',
  );
  return new Map(rows.map(({ oid, scans }) => [oid, BigInt(scans)]));
}

/**
 * Runs a statement in a transaction of its own and looks at its locks, files and scan counters before that ends; `keep` says whether it commits.
 * A second session still sees what was there before, so that only what is locked has to be read.
 */
export async function observe(
  session: Session,
  statement: string,
  { keep, values = [], outside }: { keep: boolean; values?: readonly SqlValue[]; outside?: Session },
): Promise<Observed[]> {
  const all = outside === undefined ? await readRelations(session) : [];
  await session.exec('BEGIN');
  try {
    const scansBefore = await readScans(session);
    if (values.length === 0) await session.exec(statement);
    else await session.run(statement, values);
    const locks = await session.query<{ oid: string; mode: LockMode }>(LOCKS, [session.pid]);
    const scans = await readScans(session);
    const locked = outside === undefined ? undefined : locks.map(({ oid }) => oid);
    const before = outside === undefined ? all : await readRelations(outside, locked);
    const after = await readRelations(session, locked);
    await session.exec(keep ? 'COMMIT' : 'ROLLBACK');
    const scanned = [...scans].filter(([oid, count]) => count > (scansBefore.get(oid) ?? 0n)).map(([oid]) => oid);
    return compareStates(before, after, locks, new Set(scanned));
  } catch (error) {
    await session.exec('ROLLBACK');
    throw error;
  }
}

/** `scanned` is null where scans cannot be counted from outside; then a scan is taken from the files alone. */
export function compareStates(
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
    return [
      {
        oid: row.oid,
        relation: row.relation,
        kind: row.table === null ? 'other' : 'index',
        lock,
        rewrite,
        scan,
        indexBuild,
      },
    ];
  });
}
