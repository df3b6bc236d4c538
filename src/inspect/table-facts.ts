import type { Session } from '../db/session.ts';

/** How big a relation is, and what is done with it; of a partitioned table, all its partitions together. */
export interface TableFacts {
  /** As asked for. */
  readonly relation: string;
  /** With indexes and TOAST. */
  readonly bytes: number;
  readonly indexBytes: number;
  /** Whether the sizes are those of the last VACUUM or ANALYZE, because someone holds the table under a lock that keeps readers out. */
  readonly bytesEstimated: boolean;
  /** As the server estimates it. */
  readonly rows: number;
  readonly counters: Counters;
}

/** Rows written, and times that it was read, since the statistics were reset. */
export interface Counters {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly reads: number;
}

/** All facts of one moment. */
export interface TableReading {
  /** By the server's clock, in seconds. */
  readonly at: number;
  /** When counting began, in UTC; null where the server does not know. */
  readonly since: string | null;
  readonly secondsSince: number | null;
  /** Relations that do not exist are left out. */
  readonly tables: readonly TableFacts[];
}

/**
 * Reads sizes and counters of relations, by names qualified with their schema. `sizes` asks for the size of now, which stands in line behind
 * a lock that keeps readers out; of a relation that someone has locked so already, and with `estimates`, the one of the last VACUUM is told.
 */
export async function readTables(
  session: Session,
  relations: readonly string[],
  how: 'sizes' | 'estimates',
): Promise<TableReading> {
  const [clock] = await session.query<{ at: string; since: string | null; secondsSince: string | null }>(
    `SELECT extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.text AS at,
            pg_catalog.to_char(d.stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
            extract(epoch FROM pg_catalog.clock_timestamp() - d.stats_reset)::pg_catalog.text AS "secondsSince"
       FROM pg_catalog.pg_stat_database d WHERE d.datname = pg_catalog.current_database()`,
  );
  const rows = await session.query<Row>(FACTS(how), [relations]);
  return {
    at: Number(clock?.at ?? 0),
    since: clock?.since ?? null,
    secondsSince: clock?.secondsSince === null || clock === undefined ? null : Number(clock.secondsSince),
    tables: rows.map(({ relation, bytes, indexBytes, estimated, rows, ...counters }) => ({
      relation,
      bytes: Number(bytes),
      indexBytes: Number(indexBytes),
      bytesEstimated: estimated,
      rows: Number(rows),
      counters: {
        inserts: Number(counters.inserts),
        updates: Number(counters.updates),
        deletes: Number(counters.deletes),
        reads: Number(counters.reads),
      },
    })),
  };
}

interface Row {
  readonly relation: string;
  readonly bytes: string;
  readonly indexBytes: string;
  readonly estimated: boolean;
  readonly rows: string;
  readonly inserts: string;
  readonly updates: string;
  readonly deletes: string;
  readonly reads: string;
}

/** Partitions by pg_inherits: pg_partition_tree() would lock them. What is estimated opens nothing, and so waits for nobody. */
const FACTS = (how: 'sizes' | 'estimates'): string => `
  WITH RECURSIVE part AS (
    SELECT w.asked, c.oid, c.relkind
      FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
      JOIN pg_catalog.pg_namespace n
           ON pg_catalog.starts_with(w.asked, n.nspname) OR pg_catalog.starts_with(w.asked, pg_catalog.quote_ident(n.nspname))
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
           AND w.asked IN (n.nspname || '.' || c.relname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname))
    UNION
    SELECT p.asked, c.oid, c.relkind
      FROM part p
      JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
     WHERE p.relkind IN ('p', 'I')
  ), known AS (
    SELECT p.asked, p.oid, c.reltuples, pg_catalog.current_setting('block_size')::pg_catalog.int8 AS page,
           c.relpages + coalesce((SELECT t.relpages FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), 0) AS pages,
           coalesce((SELECT sum(i.relpages) FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                      WHERE x.indrelid = c.oid), 0) AS index_pages,
           ${how === 'sizes' ? LOCKED : 'true'} AS estimated
      FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.oid
  ), measured AS (
    SELECT k.*,
           CASE WHEN k.estimated THEN (k.pages + k.index_pages) * k.page ELSE pg_catalog.pg_total_relation_size(k.oid) END AS bytes,
           CASE WHEN k.estimated THEN k.index_pages * k.page ELSE pg_catalog.pg_indexes_size(k.oid) END AS index_bytes
      FROM known k
  )
  SELECT m.asked AS relation, coalesce(sum(m.bytes), 0)::pg_catalog.text AS bytes,
         coalesce(sum(m.index_bytes), 0)::pg_catalog.text AS "indexBytes", bool_or(m.estimated) AS estimated,
         pg_catalog.round(coalesce(sum(greatest(m.reltuples, t.n_live_tup, 0)), 0)::pg_catalog.numeric)::pg_catalog.text AS rows,
         coalesce(sum(t.n_tup_ins), 0)::pg_catalog.text AS inserts, coalesce(sum(t.n_tup_upd), 0)::pg_catalog.text AS updates,
         coalesce(sum(t.n_tup_del), 0)::pg_catalog.text AS deletes,
         coalesce(sum(t.seq_scan + coalesce(t.idx_scan, 0)), 0)::pg_catalog.text AS reads
    FROM measured m LEFT JOIN pg_catalog.pg_stat_user_tables t ON t.relid = m.oid
   GROUP BY m.asked ORDER BY m.asked`;

const LOCKED = `EXISTS (SELECT FROM pg_catalog.pg_locks l
                  WHERE l.locktype = 'relation' AND l.relation = p.oid AND l.mode = 'AccessExclusiveLock')`;
