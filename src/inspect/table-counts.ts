import type { Session } from '../db/session.ts';
import type { SnapshotTable } from '../lint/snapshot.ts';

export interface CountedTable extends Omit<SnapshotTable, 'writesPerSecond'> {
  /** Rows inserted, updated and deleted since counting began; null where that is not known. */
  readonly writes: number | null;
}

export interface TableCounts {
  /** By the server's clock, in UTC. */
  readonly at: string;
  /** The same in seconds. */
  readonly clock: number;
  /** When counting began; null where the server does not say. */
  readonly since: string | null;
  readonly secondsSince: number | null;
  /** By name. */
  readonly tables: readonly CountedTable[];
}

/** Reads size, rows and counters of all tables and materialized views that are no system's. */
export async function readCountedTables(
  session: Session,
  what: { readonly sizes: boolean; readonly writes: boolean },
): Promise<TableCounts> {
  const [clock] = await session.query<{ at: string; clock: string; since: string | null; secondsSince: string | null }>(
    what.writes ? CLOCK : CLOCK_ALONE,
  );
  const rows = await session.query<Row>(TABLES(what));
  return {
    at: clock?.at ?? '',
    clock: Number(clock?.clock ?? 0),
    since: clock?.since ?? null,
    secondsSince: number(clock?.secondsSince),
    tables: rows.map(countedTable).toSorted((a, b) => (a.table < b.table ? -1 : 1)),
  };
}

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly partitionOf: string | null;
  readonly pages: string;
  readonly tuples: string;
  readonly page: string;
  readonly toastPages: string;
  readonly indexPages: string;
  readonly analysed: boolean;
  /** Null where the size of now could not be asked for. */
  readonly heapBytes: string | null;
  readonly toastBytes: string | null;
  readonly indexBytes: string | null;
  readonly writes: string | null;
}

const KINDS: Readonly<Record<string, SnapshotTable['kind']>> = {
  r: 'table',
  p: 'partitioned-table',
  m: 'materialized-view',
};

function countedTable(row: Row): CountedTable {
  const [page, pages] = [Number(row.page), Number(row.pages)];
  const isMeasured = row.heapBytes !== null;
  const known = isMeasured || row.analysed;
  const heapBytes = number(row.heapBytes) ?? pages * page;
  const toastBytes = isMeasured ? (number(row.toastBytes) ?? 0) : Number(row.toastPages) * page;
  return {
    table: `${row.schema}.${row.name}`,
    kind: KINDS[row.kind] ?? 'table',
    partitionOf: row.partitionOf,
    rows: row.analysed ? rowsNow(Number(row.tuples), pages, heapBytes / page) : null,
    bytes: known ? heapBytes + toastBytes : null,
    heapBytes: known ? heapBytes : null,
    indexBytes: known ? (number(row.indexBytes) ?? Number(row.indexPages) * page) : null,
    writes: number(row.writes),
  };
}

/** As the planner reckons: rows a page as of the last ANALYZE, times the pages of now. */
function rowsNow(tuples: number, pages: number, pagesNow: number): number | null {
  if (pagesNow === 0) return 0;
  // It was empty then, and has grown since.
  return pages === 0 ? null : Math.round((tuples / pages) * pagesNow);
}

function number(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}

const CLOCK_ALONE = `
  SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
         extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.text AS clock,
         NULL AS since, NULL AS "secondsSince"`;

/**
 * From 15 on a database whose counters were never reset does not say so; what the whole server counts began no later then, so that a rate is
 * rather too low than too high.
 */
const CLOCK = `
  SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
         extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.text AS clock,
         pg_catalog.to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
         extract(epoch FROM pg_catalog.clock_timestamp() - s.since)::pg_catalog.text AS "secondsSince"
    FROM (SELECT coalesce((SELECT d.stats_reset FROM pg_catalog.pg_stat_database d
                            WHERE d.datname = pg_catalog.current_database()),
                          least((SELECT b.stats_reset FROM pg_catalog.pg_stat_bgwriter b),
                                (SELECT a.stats_reset FROM pg_catalog.pg_stat_archiver a))) AS since) AS s`;

/**
 * Sizes of now are asked of what nobody has locked against readers, or waits to: they open the table. Up to 13 a table without pages and rows
 * may be one that was never analysed.
 */
const TABLES = ({ sizes, writes }: { readonly sizes: boolean; readonly writes: boolean }): string => `
  WITH locked AS MATERIALIZED (
    ${
      sizes
        ? `SELECT l.relation AS oid FROM pg_catalog.pg_locks l
            WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())`
        : 'SELECT NULL::pg_catalog.oid AS oid WHERE false'
    }
  ), own AS MATERIALIZED (
    SELECT c.*, n.nspname, ${sizes ? `c.relkind <> 'p' AND c.oid NOT IN (SELECT k.oid FROM locked k)` : 'false'} AS measured
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     WHERE c.relkind IN ('r', 'p', 'm')
  )
  SELECT c.nspname AS schema, c.relname AS name, c.relkind::pg_catalog.text AS kind,
         (SELECT pn.nspname || '.' || p.relname
            FROM pg_catalog.pg_inherits i
            JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
            JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
           WHERE i.inhrelid = c.oid AND c.relispartition) AS "partitionOf",
         c.relpages::pg_catalog.text AS pages, c.reltuples::pg_catalog.numeric::pg_catalog.text AS tuples,
         pg_catalog.current_setting('block_size') AS page,
         c.relkind = 'p' OR c.reltuples > 0 OR c.reltuples = 0 AND (c.relpages > 0 OR pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000) AS analysed,
         coalesce((SELECT t.relpages FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), 0)::pg_catalog.text AS "toastPages",
         coalesce((SELECT sum(x.relpages) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                    WHERE i.indrelid = c.oid), 0)::pg_catalog.text AS "indexPages",
         CASE WHEN c.measured THEN pg_catalog.pg_relation_size(c.oid) END::pg_catalog.text AS "heapBytes",
         CASE WHEN c.measured AND c.reltoastrelid <> 0 THEN pg_catalog.pg_relation_size(c.reltoastrelid) END::pg_catalog.text AS "toastBytes",
         CASE WHEN c.measured THEN pg_catalog.pg_indexes_size(c.oid) END::pg_catalog.text AS "indexBytes",
         ${writes ? `(SELECT s.n_tup_ins + s.n_tup_upd + s.n_tup_del FROM pg_catalog.pg_stat_user_tables s WHERE s.relid = c.oid)` : 'NULL'}::pg_catalog.text AS writes
    FROM own c`;
