import { quoteLiteral } from '../postgres/quote.ts';
import type { AuditContext } from './check.ts';

/** A condition: a relation `c` in a schema `n` is the users' own, not of the system, an extension or tiptoe. */
export function isTheirs({ schema }: Pick<AuditContext, 'schema'>, relation = 'c', namespace = 'n'): string {
  return `${namespace}.nspname <> 'information_schema' AND ${namespace}.nspname !~ '^pg_' AND ${namespace}.nspname <> ${quoteLiteral(schema)}
    AND NOT EXISTS (SELECT FROM pg_depend e
                     WHERE e.classid = 'pg_class'::regclass AND e.objid = ${relation}.oid AND e.deptype = 'e')`;
}

/** What a relation has on disk, by its last VACUUM or ANALYZE: asking for the size of now would wait behind locks. */
export function roughSize(relation: string): string {
  return `greatest(${relation}.relpages, 0)::int8 * current_setting('block_size')::int8`;
}

/** Names of columns by a list of their numbers, in its order, as JSON text. */
export function columnNames(table: string, numbers: string): string {
  return `(SELECT json_agg(own.attname ORDER BY part.place)::text
             FROM unnest(${numbers}) WITH ORDINALITY AS part (number, place)
             JOIN pg_attribute own ON own.attrelid = ${table} AND own.attnum = part.number)`;
}

/** Names that a query gave as JSON. */
export function names(json: string | null): string[] {
  return json === null ? [] : (JSON.parse(json) as string[]);
}
