import { roughBytes } from '../../bytes.ts';
import { qualify, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { roughSize } from '../sql.ts';

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly tableSchema: string;
  readonly table: string;
  readonly unique: boolean;
  readonly live: boolean;
  /** Part of the index of a partitioned table. */
  readonly attached: boolean;
  readonly bytes: string;
  readonly definition: string;
}

export const invalidIndex = defineCheck<Row>({
  name: 'invalid-index',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'An index that a CREATE INDEX CONCURRENTLY, REINDEX CONCURRENTLY or DROP INDEX CONCURRENTLY left half-done, also those named _ccnew and _ccold.',
    why: 'No query uses it, every write may still maintain it, and a unique one promises nothing. CREATE INDEX IF NOT EXISTS takes it for done.',
    instead: 'Drop it concurrently, and build it again if it was wanted.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  // The index of a partitioned table ('I') is invalid by design until each partition has its own. Locks and progress show who is at work:
  // REINDEX and DROP hold a lock on the index itself, CREATE is known by its progress, which is hidden from other roles but for the pid.
  sql: () => `
    SELECT n.nspname AS schema, i.relname AS name, tn.nspname AS "tableSchema", t.relname AS "table", x.indisunique AS "unique",
           x.indislive AS live, EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.oid) AS attached,
           (${roughSize('i')})::text AS bytes, pg_get_indexdef(i.oid) AS definition
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_namespace n ON n.oid = i.relnamespace
      JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_namespace tn ON tn.oid = t.relnamespace
      JOIN pg_database d ON d.datname = current_database()
     WHERE i.relkind = 'i' AND NOT (x.indisvalid AND x.indisready AND x.indislive) AND n.nspname !~ '^pg_(toast_)?temp_'
       AND NOT EXISTS (SELECT FROM pg_locks l
                        WHERE l.locktype = 'relation' AND l.database = d.oid AND l.relation = i.oid AND l.granted
                          AND l.mode IN ('ShareUpdateExclusiveLock', 'AccessExclusiveLock'))
       AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p
                        WHERE p.datid = d.oid
                          AND (p.index_relid = i.oid
                               OR (p.relid IS NULL
                                   AND EXISTS (SELECT FROM pg_locks l
                                                WHERE l.pid = p.pid AND l.locktype = 'relation' AND l.database = d.oid
                                                  AND l.relation = t.oid AND l.mode = 'ShareUpdateExclusiveLock'))))
     ORDER BY 1, 2`,
  judge: (rows) =>
    rows.map(({ schema, name, tableSchema, table, unique, live, attached, bytes, definition }) => {
      const index = qualify(schema, name);
      return found({
        object: `${schema}.${name}`,
        relation: `${tableSchema}.${table}`,
        message: `the index ${schema}.${name} on ${tableSchema}.${table} is ${live ? 'invalid' : 'half-dropped'}${bytes === '0' ? '' : ` (about ${roughBytes(Number(bytes))})`}${unique ? '; it is unique, and promises nothing' : ''}`,
        look: `SELECT indexrelid::regclass, indisvalid, indisready, indislive FROM pg_index WHERE indexrelid = ${quoteLiteral(index)}::regclass;`,
        instead: advice({ name, attached, live, index, definition }),
      });
    }),
});

function advice({
  name,
  attached,
  live,
  index,
  definition,
}: Pick<Row, 'name' | 'attached' | 'live' | 'definition'> & { readonly index: string }): string {
  const drop = `DROP INDEX CONCURRENTLY ${index};`;
  if (/_ccnew\d*$/.test(name))
    return `REINDEX CONCURRENTLY was interrupted before its new index was complete; the old one is still in use: ${drop} Then run the REINDEX again.`;
  if (/_ccold\d*$/.test(name))
    return `REINDEX CONCURRENTLY has succeeded, and was interrupted before it dropped the old index: ${drop}`;
  if (!live) return `DROP INDEX CONCURRENTLY was interrupted; run it again: ${drop}`;
  if (attached)
    return `It is part of a partitioned table's index, and cannot be dropped alone: REINDEX INDEX CONCURRENTLY ${index};`;
  return `Look for the cause (duplicate rows, a deadlock, a timeout), then: ${drop} and, if it is wanted: ${concurrently(definition)};`;
}

function concurrently(definition: string): string {
  return definition.replace(/^(CREATE (?:UNIQUE )?INDEX) /, '$1 CONCURRENTLY ');
}
