import { roughBytes } from '../../bytes.ts';
import { qualify, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found, unseen } from '../check.ts';
import { isTheirs, roughSize } from '../sql.ts';
import { grouped, plural, roughTime } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly tableSchema: string;
  readonly table: string;
  readonly bytes: string;
  readonly tableBytes: string;
  readonly writes: string;
  /** Whether it has expressions, of which ANALYZE keeps statistics for the planner. */
  readonly computed: boolean;
  readonly partitioned: boolean;
}

export const unusedIndex = defineCheck<Row>({
  name: 'unused-index',
  category: 'load',
  severity: 'warning',
  docs: {
    what: 'An index that no scan has used since the statistics were reset, and that keeps no constraint, replica identity or foreign key.',
    why: 'Every INSERT and every UPDATE that is not HOT writes to it, and it takes cache, WAL, vacuum and disk.',
    instead: 'Ask the standbys too, whose scans are counted there alone; then DROP INDEX CONCURRENTLY.',
    source: 'https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW',
  },
  // Of a partitioned table's index all parts count together. Names, not functions of relations: nothing is opened, nothing waits.
  sql: (context) => {
    const { isStandby, countingSeconds, countingSince, settings } = context;
    const look = `SELECT stats_reset FROM pg_stat_database WHERE datname = current_database();`;
    if (isStandby) {
      return unseen({
        message: 'this is a standby, which counts its own scans and not those of the primary',
        look,
        instead: 'Run it on the primary as well: an index is unused only where no server uses it.',
      });
    }
    if (countingSeconds === null || countingSeconds * 1_000 < settings.unusedAfterMs) {
      return unseen({
        message:
          countingSeconds === null
            ? 'the server does not say since when it counts the scans of indexes'
            : `scans have been counted for ${roughTime(countingSeconds)} only, since ${countingSince ?? ''}: too short to call an index unused`,
        look,
        instead: `Wait until they have been counted for ${roughTime(settings.unusedAfterMs / 1_000)} (audit.unusedAfter in the config).`,
      });
    }
    return `
      WITH part AS (
        SELECT coalesce(pg_partition_root(i.oid)::oid, i.oid) AS root, ${roughSize('i')} AS bytes, s.idx_scan AS scans,
               greatest(${roughSize('t')}, coalesce(st.n_live_tup, 0) * 32) AS table_bytes,
               coalesce(st.n_tup_ins + st.n_tup_upd + st.n_tup_del, 0) AS writes
          FROM pg_index x
          JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i'
          JOIN pg_class t ON t.oid = x.indrelid
          JOIN pg_stat_user_indexes s ON s.indexrelid = i.oid
          LEFT JOIN pg_stat_user_tables st ON st.relid = t.oid
         WHERE x.indisvalid AND x.indisready AND x.indislive
      ), whole AS (
        SELECT root, sum(bytes) AS bytes, sum(scans) AS scans, sum(table_bytes) AS table_bytes, sum(writes) AS writes
          FROM part GROUP BY root
      )
      SELECT n.nspname AS schema, c.relname AS name, tn.nspname AS "tableSchema", t.relname AS "table", w.bytes::text AS bytes,
             w.table_bytes::text AS "tableBytes", w.writes::text AS writes, x.indexprs IS NOT NULL AS computed,
             c.relkind = 'I' AS partitioned
        FROM whole w
        JOIN pg_class c ON c.oid = w.root
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_index x ON x.indexrelid = c.oid
        JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_namespace tn ON tn.oid = t.relnamespace
       WHERE w.scans = 0 AND ${isTheirs(context)}
         AND NOT (x.indisunique OR x.indisprimary OR x.indisexclusion OR x.indisreplident)
         AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
         AND NOT EXISTS (SELECT FROM pg_constraint k
                          WHERE k.contype = 'f' AND k.conrelid = t.oid
                            AND (x.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
       ORDER BY w.bytes DESC, 1, 2`;
  },
  judge: (rows, context) =>
    rows
      .filter(({ tableBytes }) => Number(tableBytes) >= context.settings.minTableBytes)
      .map(({ schema, name, tableSchema, table, bytes, writes, computed, partitioned }) => {
        const index = qualify(schema, name);
        const elsewhere =
          context.standbys === 0
            ? ''
            : ` ${plural(context.standbys, 'standby')} ${context.standbys === 1 ? 'is' : 'are'} connected, whose scans are counted there alone: run tiptoe audit's query there first.`;
        const statistics = computed
          ? ' It also gives the planner statistics of its expressions; CREATE STATISTICS keeps those.'
          : '';
        const drop = partitioned
          ? `DROP INDEX ${index}; (of a partitioned table it cannot be dropped concurrently, and locks all partitions for a moment)`
          : `DROP INDEX CONCURRENTLY ${index};`;
        return found({
          object: `${schema}.${name}`,
          relation: `${tableSchema}.${table}`,
          message: `no scan of the index ${schema}.${name} on ${tableSchema}.${table} was counted since ${context.countingSince ?? ''} or since it was made (about ${roughBytes(Number(bytes))}; ${grouped(Number(writes))} rows were written to the table)`,
          look: `SELECT relid::regclass, indexrelid::regclass, idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelid = ${quoteLiteral(index)}::regclass;`,
          instead: `If no rare job needs it: ${drop}${elsewhere}${statistics}`,
        });
      }),
});
