import { quoteIdent } from '../../postgres/quote.ts';
import type { Signal } from './signal.ts';

/** Smaller tables are read in a moment. */
const SMALL_PAGES = 2048;

export interface WalkedKey {
  /** Where the books are. */
  readonly schema: string;
  readonly name: string;
  readonly key: readonly { readonly name: string }[];
}

/** The index of the key, dropped while it is walked: each batch would read a whole table to find its keys. */
export function keyIndex({ schema, name, key }: WalkedKey): Signal {
  const columns = key.map((column) => column.name);
  return {
    name: 'key index',
    async read(session) {
      // Its size by the statistics: to measure it would wait for whoever has locked the table.
      const [without] = await session.query<{ table: string }>(
        `SELECT n.nspname || '.' || c.relname AS "table"
           FROM ${quoteIdent(schema)}.backfill_range r
           JOIN pg_catalog.pg_class c ON c.oid = r.table_oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE r.backfill = $1 AND NOT r.done AND r.left_out IS NULL AND c.relpages > $3::pg_catalog.int4
            AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_index i
               WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
                 AND (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY k.position)
                        FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, position)
                        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                       WHERE k.position <= pg_catalog.cardinality($2::pg_catalog.text[])) = $2::pg_catalog.text[])
          ORDER BY r.number LIMIT 1`,
        [name, columns, SMALL_PAGES],
      );
      return without === undefined
        ? { kind: 'go' }
        : {
            kind: 'stop',
            reason: `${without.table} has no index on its key (${columns.join(', ')}) any more; each batch would read all of it`,
          };
    },
  };
}
