import { roughBytes } from '../../bytes.ts';
import { objectName, joinedColumns } from '../../postgres/object-name.ts';
import { qualify, quoteIdent, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { columnNames, isTheirs, names, roughSize } from '../sql.ts';
import { grouped } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly columns: string;
  readonly partitioned: boolean;
  readonly referencedSchema: string;
  readonly referencedTable: string;
  readonly bytes: string;
  readonly rows: string;
  /** Rows deleted from the referenced table since the statistics were reset. */
  readonly deletes: string;
}

export const foreignKeyWithoutIndex = defineCheck<Row>({
  name: 'foreign-key-without-index',
  category: 'load',
  severity: 'warning',
  docs: {
    what: 'A foreign key whose columns no index of the referring table begins with, where that table is not tiny.',
    why: 'Each DELETE of a referenced row, and each UPDATE of its key, reads the whole referring table, while it holds the row locked.',
    instead: 'CREATE INDEX CONCURRENTLY on the columns of the foreign key.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  },
  // Of a partitioned table each partition is looked at: rows are there, and an index may be on some only.
  sql: (context) => `
    WITH RECURSIVE fk AS (
      SELECT k.oid AS root, k.oid, k.conrelid, k.conkey FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
      UNION ALL
      SELECT f.root, k.oid, k.conrelid, k.conkey FROM fk f JOIN pg_constraint k ON k.conparentid = f.oid AND k.contype = 'f'
    ), slow AS (
      SELECT DISTINCT f.root, t.oid, ${roughSize('t')} AS bytes, greatest(t.reltuples, s.n_live_tup, 0) AS rows
        FROM fk f
        JOIN pg_class t ON t.oid = f.conrelid AND t.relkind = 'r'
        LEFT JOIN pg_stat_user_tables s ON s.relid = t.oid
       WHERE NOT EXISTS (
         SELECT FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
          WHERE x.indrelid = t.oid AND x.indisvalid AND x.indnkeyatts >= cardinality(f.conkey) AND m.amname NOT IN ('brin', 'gin')
            AND (x.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
            AND (x.indpred IS NULL
                 OR (cardinality(f.conkey) = 1
                     AND pg_get_expr(x.indpred, x.indrelid) = (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a
                                                                WHERE a.attrelid = t.oid AND a.attnum = f.conkey[1]))))
    ), sized AS (
      SELECT root, sum(bytes) AS bytes, sum(rows) AS rows FROM slow GROUP BY root
    )
    SELECT n.nspname AS schema, c.relname AS "table", k.conname AS name, ${columnNames('k.conrelid', 'k.conkey')} AS columns,
           c.relkind = 'p' AS partitioned, rn.nspname AS "referencedSchema", r.relname AS "referencedTable",
           s.bytes::text AS bytes, round(s.rows::numeric)::text AS rows, coalesce(rs.n_tup_del, 0)::text AS deletes
      FROM sized s
      JOIN pg_constraint k ON k.oid = s.root
      JOIN pg_class c ON c.oid = k.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_class r ON r.oid = k.confrelid
      JOIN pg_namespace rn ON rn.oid = r.relnamespace
      LEFT JOIN pg_stat_user_tables rs ON rs.relid = r.oid
     WHERE ${isTheirs(context)}
     ORDER BY s.bytes DESC, 1, 2, 3`,
  judge: (rows, { settings }) =>
    rows
      .filter(({ bytes, rows }) => Math.max(Number(bytes), Number(rows) * 32) >= settings.minTableBytes)
      .map(({ schema, table, name, partitioned, referencedSchema, referencedTable, bytes, rows, deletes, ...row }) => {
        const columns = names(row.columns);
        const index = quoteIdent(objectName(table, joinedColumns(columns), 'idx'));
        const on = `${qualify(schema, table)} (${columns.map(quoteIdent).join(', ')})`;
        return found({
          object: `${schema}.${table}.${name}`,
          relation: `${schema}.${table}`,
          message: `the foreign key ${name} of ${schema}.${table} (${columns.join(', ')}) to ${referencedSchema}.${referencedTable} has no index (about ${grouped(Number(rows))} rows, ${roughBytes(Number(bytes))}; ${grouped(Number(deletes))} referenced rows were deleted since counting began)`,
          look: `SELECT indexdef FROM pg_indexes WHERE schemaname = ${quoteLiteral(schema)} AND tablename = ${quoteLiteral(table)};`,
          instead: partitioned
            ? `CREATE INDEX ${index} ON ONLY ${on}; then on each partition CREATE INDEX CONCURRENTLY, and ALTER INDEX ${qualify(schema, objectName(table, joinedColumns(columns), 'idx'))} ATTACH PARTITION …;`
            : `CREATE INDEX CONCURRENTLY ${index} ON ${on};`,
        });
      }),
});
