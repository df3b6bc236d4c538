import { qualify, quoteIdent } from '../postgres/quote.ts';
import type { AuditContext } from './check.ts';
import { isTheirs, roughSize } from './sql.ts';

/** An index as far as it is compared with others of its table. */
export interface IndexRow {
  readonly schema: string;
  readonly name: string;
  readonly tableSchema: string;
  readonly table: string;
  readonly method: string;
  /** Of each key column its text, operator class, collation and options, as JSON. */
  readonly keys: string;
  /** Columns that are only carried, as JSON. */
  readonly included: string;
  readonly predicate: string | null;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly immediate: boolean;
  readonly nullsNotDistinct: boolean;
  readonly replicaIdentity: boolean;
  readonly partitioned: boolean;
  readonly constraint: string | null;
  /** `p` or `u` or `x` */
  readonly constraintType: string | null;
  /** Whether a foreign key needs it to stay unique. */
  readonly referenced: boolean;
  readonly bytes: string;
}

/** All valid indexes that stand for themselves; those of partitions that belong to the partitioned table's are told with that. */
export function indexRows(context: AuditContext): string {
  return `
    SELECT n.nspname AS schema, i.relname AS name, tn.nspname AS "tableSchema", t.relname AS "table", m.amname AS method,
           (SELECT json_agg(json_build_array(pg_get_indexdef(i.oid, k, true), (x.indclass::oid[])[k - 1]::text,
                                             (x.indcollation::oid[])[k - 1]::text, (x.indoption::int2[])[k - 1]) ORDER BY k)
              FROM generate_series(1, x.indnkeyatts::int4) AS k)::text AS keys,
           (SELECT coalesce(json_agg(pg_get_indexdef(i.oid, k, true) ORDER BY k), '[]')
              FROM generate_series(x.indnkeyatts + 1, x.indnatts::int4) AS k)::text AS included,
           pg_get_expr(x.indpred, x.indrelid) AS predicate, x.indisunique AS "unique", x.indisprimary AS "primary",
           x.indimmediate AS immediate, ${context.version >= 15 ? 'x.indnullsnotdistinct' : 'false'} AS "nullsNotDistinct",
           x.indisreplident AS "replicaIdentity", i.relkind = 'I' AS partitioned, own.conname AS "constraint",
           own.contype::text AS "constraintType",
           EXISTS (SELECT FROM pg_constraint f WHERE f.conindid = i.oid AND f.contype = 'f') AS referenced,
           (${roughSize('i')})::text AS bytes
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_namespace n ON n.oid = i.relnamespace
      JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_namespace tn ON tn.oid = t.relnamespace
      JOIN pg_am m ON m.oid = i.relam
      LEFT JOIN LATERAL (SELECT k.conname, k.contype FROM pg_constraint k
                          WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x') LIMIT 1) own ON true
     WHERE x.indisvalid AND x.indisready AND x.indislive AND ${isTheirs(context, 'i')}
       AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.oid)
     ORDER BY 3, 4, 2`;
}

/** The indexes of each table. */
export function byTable(rows: readonly IndexRow[]): IndexRow[][] {
  const tables = new Map<string, IndexRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.tableSchema, row.table]);
    const indexes = tables.get(key);
    if (indexes === undefined) tables.set(key, [row]);
    else indexes.push(row);
  }
  return [...tables.values()];
}

/** Indexes that each can be dropped for another one of the same table that does the same, by that one. */
export function duplicates(indexes: readonly IndexRow[]): ReadonlyMap<IndexRow, IndexRow> {
  const alike = new Map<string, IndexRow[]>();
  for (const index of indexes) {
    const { method, keys, included, predicate } = index;
    const signature = JSON.stringify([method, keys, names(included).toSorted(), predicate]);
    alike.set(signature, [...(alike.get(signature) ?? []), index]);
  }
  const redundant = new Map<IndexRow, IndexRow>();
  for (const group of alike.values()) {
    const [kept, ...others] = group.toSorted((a, b) => weight(b) - weight(a) || a.name.length - b.name.length);
    for (const other of others) if (kept !== undefined && doesAsMuch(kept, other)) redundant.set(other, kept);
  }
  return redundant;
}

/** How much hangs on an index. */
function weight({ primary, referenced, replicaIdentity, constraint, unique }: IndexRow): number {
  return [primary, referenced, replicaIdentity, constraint !== null, unique].reduce(
    (sum, has, at) => sum + (has ? 2 ** (4 - at) : 0),
    0,
  );
}

/** Whether nothing is promised by an index that the other one of the same shape does not promise as well. */
function doesAsMuch(kept: IndexRow, other: IndexRow): boolean {
  if (other.primary || other.referenced || other.replicaIdentity || other.constraintType === 'x') return false;
  if (!other.unique) return true;
  return kept.unique && kept.immediate && (kept.nullsNotDistinct || !other.nullsNotDistinct);
}

/** An index whose columns another one begins with, and that promises nothing of its own. */
export function coveredBy(index: IndexRow, others: readonly IndexRow[]): IndexRow | undefined {
  const { unique, constraint, replicaIdentity, referenced, method, predicate } = index;
  if (unique || constraint !== null || replicaIdentity || referenced || method !== 'btree') return undefined;
  const keys = keyTexts(index);
  return others.find((other) => {
    if (other === index || other.method !== 'btree' || other.predicate !== predicate) return false;
    const wider = keyTexts(other);
    const carried = new Set([...names(other.included), ...columnsOf(other)]);
    return (
      (wider.length > keys.length || names(other.included).length > names(index.included).length) &&
      keys.every((key, at) => key === wider[at]) &&
      names(index.included).every((column) => carried.has(column))
    );
  });
}

function keyTexts({ keys }: IndexRow): string[] {
  return (JSON.parse(keys) as unknown[]).map((key) => JSON.stringify(key));
}

export function columnsOf({ keys }: Pick<IndexRow, 'keys'>): string[] {
  return (JSON.parse(keys) as [string][]).map(([text]) => text);
}

function names(json: string): string[] {
  return JSON.parse(json) as string[];
}

/** How to be rid of it. */
export function dropSql({ schema, name, tableSchema, table, constraint, partitioned }: IndexRow): string {
  if (constraint !== null)
    return `ALTER TABLE ${qualify(tableSchema, table)} DROP CONSTRAINT ${quoteIdent(constraint)};`;
  return partitioned ? `DROP INDEX ${qualify(schema, name)};` : `DROP INDEX CONCURRENTLY ${qualify(schema, name)};`;
}

/** Both, as they are defined. */
export function definitionsSql(...indexes: readonly IndexRow[]): string {
  const list = indexes.map(({ schema, name }) => `'${qualify(schema, name).replaceAll("'", "''")}'::regclass`);
  return `SELECT indexrelid::regclass, idx_scan, pg_get_indexdef(indexrelid) FROM pg_stat_user_indexes WHERE indexrelid IN (${list.join(', ')});`;
}
