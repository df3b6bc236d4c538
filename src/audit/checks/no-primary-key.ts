import { qualify, quoteIdent, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { isTheirs } from '../sql.ts';
import { grouped } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  readonly rows: string;
  /** A unique index that could become the key. */
  readonly candidate: string | null;
}

export const noPrimaryKey = defineCheck<Row>({
  name: 'no-primary-key',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A table without a primary key.',
    why: 'Its rows cannot be told apart: logical replication cannot pass on UPDATE and DELETE, a backfill has nothing to walk by, and duplicates cannot be removed one by one.',
    instead: 'Build a unique index concurrently, then ADD PRIMARY KEY USING INDEX.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS',
  },
  sql: (context) => `
    SELECT n.nspname AS schema, c.relname AS "table", greatest(c.reltuples, s.n_live_tup, 0)::int8::text AS rows,
           (SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
             WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL AND x.indexprs IS NULL
               AND i.relkind = 'i'
               AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype <> 'f')
               AND NOT EXISTS (SELECT FROM unnest((x.indkey::int2[])[0:x.indnkeyatts - 1]) AS k (number)
                                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE NOT a.attnotnull)
             ORDER BY x.indnkeyatts, i.relname LIMIT 1) AS candidate
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition AND ${isTheirs(context)}
       AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary)
     ORDER BY 1, 2`,
  judge: (rows) =>
    rows.map(({ schema, table, rows, candidate }) => {
      const name = qualify(schema, table);
      const add =
        candidate === null
          ? `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdent(`${table}_key`)} ON ${name} (…); then ALTER TABLE ${name} ADD PRIMARY KEY USING INDEX ${quoteIdent(`${table}_key`)};`
          : `Its unique index can become the key: ALTER TABLE ${name} ADD PRIMARY KEY USING INDEX ${quoteIdent(candidate)};`;
      return found({
        object: `${schema}.${table}`,
        relation: `${schema}.${table}`,
        message: `${schema}.${table} has no primary key (about ${grouped(Number(rows))} rows)`,
        look: `SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = ${quoteLiteral(name)}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;`,
        instead: add,
      });
    }),
});
