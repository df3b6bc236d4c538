import type { Name } from '../sql/action.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { spliceCondition } from '../sql/splice.ts';
import { quoteIdent } from '../postgres/quote.ts';

/** A key's values as PostgreSQL writes them; a bigint does not fit a JS number, nor microseconds a Date. */
export type Key = readonly string[];

export interface KeyColumn {
  readonly name: string;
  /** As SQL, with its schema: `pg_catalog.int8`. */
  readonly type: string;
  /** As SQL, with its schema; null for a type that has none. */
  readonly collation: string | null;
  /** Where it is no column, but where the rows lie. */
  readonly places?: Places;
}

export interface Places {
  /** A range of them has to be written as a list of all that are in it. */
  readonly inLists: boolean;
  /** By the table's statistics; null for a table that has none. */
  readonly rowsPerBlock: number | null;
}

/** The table whose keys are walked, by its own name, and the columns in the order of an index. */
export interface Walk {
  readonly table: Name & { readonly schema: string };
  readonly only: boolean;
  readonly key: readonly KeyColumn[];
}

/** The keys after `after`, up to and with `upTo`. */
export interface KeyRange {
  readonly after: Key | null;
  readonly upTo: Key;
}

/** Where to look for keys: after one, up to and with another; null for no bound. */
export interface Bounds {
  readonly after: Key | null;
  readonly upper: Key | null;
}

export const EVERYWHERE: Bounds = { after: null, upper: null };

/** The values of {@link rangeCondition}'s parameters. */
export function rangeValues({ after, upTo }: KeyRange): string[] {
  return [...(after ?? []), ...upTo];
}

/**
 * `u.id > $1 AND u.id <= $2`; of several columns a comparison of rows, which an index on them serves as well. The parameters are
 * numbered from 1, the lower bound's first; the first range has none.
 */
export function rangeCondition(
  reference: string,
  key: readonly KeyColumn[],
  { after }: { readonly after: Key | null },
): string {
  const columns = key.map(({ name }) => `${reference}.${quoteIdent(name)}`);
  const bounds = (from: number) => key.map(({ type }, index) => `$${from + index}::${type}`);
  if (after !== null && key[0]?.places?.inLists === true) {
    return placesBetween(tuple(columns), tuple(bounds(1)), tuple(bounds(2)));
  }
  const upper = bounds(after === null ? 1 : 1 + key.length);
  const conditions = [
    ...(after === null ? [] : [`${tuple(columns)} > ${tuple(bounds(1))}`]),
    `${tuple(columns)} <= ${tuple(upper)}`,
    // Of a comparison of rows the planner sees no range, and takes a small one for a quarter of the table.
    ...(after === null || key.length === 1
      ? []
      : [`${columns[0] ?? ''} BETWEEN ${bounds(1)[0] ?? ''} AND ${upper[0] ?? ''}`]),
  ];
  return conditions.join(' AND ');
}

/** The statement for one range of keys; for the first range without a lower bound. */
export function batchSql(
  statement: BatchStatement,
  key: readonly KeyColumn[],
  range: { readonly after: Key | null },
): string {
  return spliceCondition(statement, rangeCondition(statement.reference, key, range));
}

/** The statement for one key alone; its values are the parameters. */
export function keySql(statement: BatchStatement, key: readonly KeyColumn[]): string {
  const columns = key.map(({ name }) => `${statement.reference}.${quoteIdent(name)}`);
  const values = key.map(({ type }, index) => `$${index + 1}::${type}`);
  return spliceCondition(statement, `${tuple(columns)} = ${tuple(values)}`);
}

/**
 * The key that is the n-th after the last one, as k1, k2, …; no row where fewer are left. An index serves it alone, whatever gaps
 * there are, and nothing but the one row is made into text.
 */
export function stepSql(walk: Walk, within: Bounds): string {
  const { names, columns, from } = parts(walk, within);
  return `SELECT ${asText(names)}
  FROM (SELECT ${columns.map((column, index) => `${column} AS ${names[index] ?? ''}`).join(', ')}
          FROM ${from} ORDER BY ${columns.join(', ')} OFFSET $1::pg_catalog.int8 - 1 LIMIT 1) AS w`;
}

/** The last of the next n keys, and as `keys` how many there are; no row when none is left. */
export function lastStepSql(walk: Walk, within: Bounds): string {
  const { names, columns, from } = parts(walk, within);
  return `SELECT ${asText(names)}, w.keys
  FROM (SELECT ${columns.map((column, index) => `${column} AS ${names[index] ?? ''}`).join(', ')},
               pg_catalog.row_number() OVER (ORDER BY ${columns.join(', ')})::pg_catalog.int4 AS keys
          FROM ${from} ORDER BY ${columns.join(', ')} LIMIT $1::pg_catalog.int8) AS w
 ORDER BY w.keys DESC LIMIT 1`;
}

/** Keys at which to cut the keys between two bounds into $1 parts of about the same size, by a sample of so many percent of the blocks. */
export function cutSql({ table, only, key }: Walk, within: Bounds, percent: number): string {
  const { names, columns, conditions } = parts({ table, only, key }, within);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT DISTINCT ON (w.part) ${asText(names)}, w.found
  FROM (SELECT ${columns.map((column, index) => `${column} AS ${names[index] ?? ''}`).join(', ')},
               pg_catalog.ntile($1::pg_catalog.int4) OVER (ORDER BY ${columns.join(', ')}) AS part,
               pg_catalog.count(*) OVER () AS found
          FROM ${fromText(table, only)} TABLESAMPLE SYSTEM (${percent})${where}) AS w
 WHERE w.part < $1::pg_catalog.int4 ORDER BY w.part, ${names.map((name) => `w.${name} DESC`).join(', ')}`;
}

/** How many keys there are after one, up to and with another. */
export function countSql({ table, only, key }: Walk): string {
  return `SELECT pg_catalog.count(*) AS count FROM ${fromText(table, only)} WHERE ${rangeCondition('k', key, { after: [] })}`;
}

/** The values of the parameters of {@link stepSql} and {@link lastStepSql}. */
export function stepValues(keys: number, { after, upper }: Bounds): string[] {
  return [String(keys), ...(after ?? []), ...(upper ?? [])];
}

function parts({ table, only, key }: Walk, { after, upper }: Bounds) {
  const columns = key.map(({ name }) => `k.${quoteIdent(name)}`);
  const bound = (first: number) => tuple(key.map(({ type }, index) => `$${index + first}::${type}`));
  const compared = tuple(columns);
  const last = after === null ? 2 : 2 + key.length;
  const conditions =
    after !== null && upper !== null && key[0]?.places?.inLists === true
      ? [placesBetween(compared, bound(2), bound(last))]
      : [
          ...(after === null ? [] : [`${compared} > ${bound(2)}`]),
          ...(upper === null ? [] : [`${compared} <= ${bound(last)}`]),
        ];
  const from = fromText(table, only);
  return {
    columns,
    names: key.map((_, index) => `k${index + 1}`),
    conditions,
    from: conditions.length === 0 ? from : `${from} WHERE ${conditions.join(' AND ')}`,
  };
}

function fromText(table: Walk['table'], only: boolean): string {
  return `${only ? 'ONLY ' : ''}${quoteIdent(table.schema)}.${quoteIdent(table.name)} AS k`;
}

/** MaxHeapTuplesPerPage, for blocks of any size: a line pointer and a tuple header take 28 bytes, a page header 24. */
const PLACES = `(pg_catalog.current_setting('block_size')::pg_catalog.int4 - 24) / 28`;

/** All places between two ctids, as a list. */
function placesBetween(column: string, after: string, upTo: string): string {
  const block = (bound: string) => `(${bound}::pg_catalog.text::pg_catalog.point)[0]::pg_catalog.int8`;
  return `${column} = ANY (ARRAY(
  SELECT p.place
    FROM pg_catalog.generate_series(${block(after)}, ${block(upTo)}) AS b (block),
         pg_catalog.generate_series(1, ${PLACES}) AS i (item),
         LATERAL (SELECT pg_catalog.format('(%s,%s)', b.block, i.item)::pg_catalog.tid AS place) AS p
   WHERE p.place > ${after} AND p.place <= ${upTo}))`;
}

const asText = (names: readonly string[]): string =>
  names.map((name) => `w.${name}::pg_catalog.text AS ${name}`).join(', ');

function tuple(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
}
