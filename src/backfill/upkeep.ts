import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { qualify, quoteIdent } from '../postgres/quote.ts';
import type { Job } from './job.ts';
import { readDeadRows } from './signals/dead-rows.ts';
import { FAMILY } from './signals/family.ts';
import type { Stored } from './store.ts';
import { adviceFor, type UpkeepAdvice } from './upkeep-advice.ts';

/** How the table that a backfill changes fares, since it began and whoever changed it, and what it needs. */
export interface Upkeep extends UpkeepAdvice {
  /** `public.users`, as SQL. */
  readonly table: string;
  readonly deadRows: number;
  readonly liveRows: number;
  /** Null where the server has forgotten some of it, as it does in a crash and a failover. */
  readonly rowsUpdated: number | null;
  /** The share of these updates that left all indexes alone. */
  readonly hotShare: number | null;
  /** Null while someone has locked it. */
  readonly tableBytes: number | null;
  readonly tableGrowth: number | null;
  readonly indexBytes: number | null;
  readonly indexGrowth: number | null;
}

/** Writes down how the tables of a backfill are before its first batch, of those that are not known yet. */
export async function rememberTables(session: Session, schema: string, { name, statement, target }: Job) {
  const own = quoteIdent(schema);
  const { filled } = statement;
  const [row] = await session.query<{ changed: string }>(
    `UPDATE ${own}.backfill SET changed_oid = coalesce(pg_catalog.to_regclass($2)::pg_catalog.oid, $3::pg_catalog.oid) WHERE name = $1
     RETURNING changed_oid::pg_catalog.text AS changed`,
    [name, filled === null ? null : qualify(filled.schema ?? undefined, filled.name), target.oid],
  );
  await session.run(
    `WITH RECURSIVE tree (oid) AS (
       SELECT r.oid FROM pg_catalog.unnest($2::pg_catalog.oid[]) AS r (oid)
       UNION
       SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
         JOIN pg_catalog.pg_class p ON p.oid = t.oid AND p.relkind = 'p')
     INSERT INTO ${own}.backfill_table (backfill, table_oid, table_bytes, index_bytes, rows_inserted, rows_updated, rows_hot_updated, rows_deleted)
     SELECT $1, c.oid, pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid), s.n_tup_ins, s.n_tup_upd, s.n_tup_hot_upd, s.n_tup_del
       FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid AND c.relkind <> 'p'
       JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
      WHERE NOT EXISTS (SELECT FROM ${own}.backfill_table b WHERE b.backfill = $1 AND b.table_oid = c.oid)
     ON CONFLICT DO NOTHING`,
    [name, [target.oid, row?.changed ?? target.oid]],
  );
}

/** As if it had not begun: for a walk that begins anew. */
export async function forgetTables(session: Session, schema: string, name: string): Promise<void> {
  await session.run(`DELETE FROM ${quoteIdent(schema)}.backfill_table WHERE backfill = $1`, [name]);
}

/** What the table needs; null before the first batch, and where it is gone. It waits behind nobody, and only reads. */
export async function readUpkeep(session: Session, schema: string, stored: Stored): Promise<Upkeep | null> {
  const { changedOid, progress } = stored;
  if (changedOid === null || stored.startedAt === null) return null;
  const counted = await readCounters(session, schema, stored.name, changedOid);
  if (counted === null) return null;
  const { table, partitioned, analyzedSince, modified, reset, changed, updated, hot } = counted;
  const { dead, live, vacuumedFrom, vacuuming } = await readDeadRows(session, changedOid);
  // After a crash the counters may be beyond their old values already.
  const known = !reset && changed >= progress.rowsDone / 2;
  const sizes = await readSizes(session, schema, stored.name, changedOid);
  return {
    table,
    deadRows: dead,
    liveRows: live,
    rowsUpdated: known ? updated : null,
    hotShare: known && updated > 0 ? hot / updated : null,
    ...sizes,
    ...adviceFor({
      table,
      dead,
      live,
      vacuumedFrom,
      vacuuming,
      // Autovacuum never looks at a partitioned table as a whole.
      modified: partitioned && !analyzedSince ? Math.max(modified, progress.rowsDone) : modified,
    }),
  };
}

interface Counters {
  readonly table: string;
  readonly partitioned: boolean;
  readonly analyzedSince: boolean;
  readonly modified: number;
  readonly reset: boolean;
  readonly changed: number;
  readonly updated: number;
  readonly hot: number;
}

async function readCounters(session: Session, schema: string, name: string, oid: string): Promise<Counters | null> {
  const own = quoteIdent(schema);
  const [row] = await session.query<
    Pick<Counters, 'table' | 'partitioned' | 'analyzedSince' | 'reset'> &
      Readonly<Record<'modified' | 'changed' | 'updated' | 'hot', string>>
  >(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS "table", c.relkind = 'p' AS partitioned, f.*,
            coalesce((SELECT greatest(a.last_analyze, a.last_autoanalyze) > coalesce(b.finished_at, 'infinity')
                        FROM pg_catalog.pg_stat_all_tables a, ${own}.backfill b WHERE a.relid = c.oid AND b.name = $2),
                     pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 140000) AS "analyzedSince"
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL (
            SELECT coalesce(sum(s.n_mod_since_analyze), 0) AS modified,
                   coalesce(bool_or(s.n_tup_ins < b.rows_inserted OR s.n_tup_upd < b.rows_updated OR s.n_tup_del < b.rows_deleted), true) AS reset,
                   coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del - b.rows_inserted - b.rows_updated - b.rows_deleted), 0) AS changed,
                   coalesce(sum(s.n_tup_upd - b.rows_updated), 0) AS updated, coalesce(sum(s.n_tup_hot_upd - b.rows_hot_updated), 0) AS hot
              FROM ${own}.backfill_table b JOIN pg_catalog.pg_stat_all_tables s ON s.relid = b.table_oid
             WHERE b.backfill = $2 AND b.table_oid IN (${FAMILY})) AS f
      WHERE c.oid = $1::pg_catalog.oid`,
    [oid, name],
  );
  if (row === undefined) return null;
  const { modified, changed, updated, hot, ...rest } = row;
  return { ...rest, modified: Number(modified), changed: Number(changed), updated: Number(updated), hot: Number(hot) };
}

type Sizes = Pick<Upkeep, 'tableBytes' | 'tableGrowth' | 'indexBytes' | 'indexGrowth'>;

const UNKNOWN_SIZES: Sizes = { tableBytes: null, tableGrowth: null, indexBytes: null, indexGrowth: null };

/**
 * The size of a table is read under a lock on it. Whoever has locked it may have it for long, and who waits for it would be seen by the
 * backfill itself, as someone to give way to.
 */
async function readSizes(session: Session, schema: string, name: string, oid: string): Promise<Sizes> {
  const [lock] = await session.query(
    `SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        AND (l.relation IN (${FAMILY})
             OR EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = l.relation AND i.indrelid IN (${FAMILY}))) LIMIT 1`,
    [oid],
  );
  if (lock !== undefined) return UNKNOWN_SIZES;
  try {
    const [row] = await withTransaction(session, async () => {
      await session.exec(`SET LOCAL lock_timeout = '10ms'`);
      return session.query<Readonly<Record<keyof Sizes, string | null>>>(
        `SELECT sum(t.heap) AS "tableBytes", sum(t.heap - b.table_bytes) AS "tableGrowth",
                sum(t.indexes) AS "indexBytes", sum(t.indexes - b.index_bytes) AS "indexGrowth"
           FROM ${quoteIdent(schema)}.backfill_table b
          CROSS JOIN LATERAL (SELECT pg_catalog.pg_table_size(b.table_oid) AS heap, pg_catalog.pg_indexes_size(b.table_oid) AS indexes) AS t
          WHERE b.backfill = $2 AND b.table_oid IN (${FAMILY})`,
        [oid, name],
      );
    });
    const read = (value: string | null | undefined): number | null =>
      value === null || value === undefined ? null : Number(value);
    return {
      tableBytes: read(row?.tableBytes),
      tableGrowth: read(row?.tableGrowth),
      indexBytes: read(row?.indexBytes),
      indexGrowth: read(row?.indexGrowth),
    };
  } catch (error) {
    if (isSqlFailure(error)) return UNKNOWN_SIZES;
    throw error;
  }
}

/** Rows that others have put into the walked table since it began; null where nobody can tell. */
export async function rowsInsertedSince(
  session: Session,
  schema: string,
  { name, tableOid }: Pick<Stored, 'name' | 'tableOid'>,
): Promise<number | null> {
  if (tableOid === null) return null;
  const [row] = await session.query<{ inserted: string | null; reset: boolean | null }>(
    `SELECT sum(s.n_tup_ins - b.rows_inserted) AS inserted, bool_or(s.n_tup_ins < b.rows_inserted) AS reset
       FROM ${quoteIdent(schema)}.backfill_table b JOIN pg_catalog.pg_stat_all_tables s ON s.relid = b.table_oid
      WHERE b.backfill = $2 AND b.table_oid IN (${FAMILY})`,
    [tableOid, name],
  );
  return row === undefined || row.inserted === null || row.reset === true ? null : Number(row.inserted);
}
