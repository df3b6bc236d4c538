import type { Session } from '../db/session.ts';
import { closest } from '../closest.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import type { ProgressTest } from '../sql/progress-test.ts';
import type { KeyColumn } from './batches.ts';
import { readCtidKey } from './ctid.ts';

/** A unique index whose columns could be walked. */
interface KeyIndex {
  readonly primary: boolean;
  /** An index that is ascending in one column and descending in another serves no comparison of rows. */
  readonly mixed: boolean;
  readonly columns: readonly IndexColumn[];
}

interface IndexColumn extends KeyColumn {
  readonly notNull: boolean;
  /** The name of its collation, where equal does not mean the same bytes. */
  readonly nondeterministic: string | null;
  /** The schema of its operators, where the search path does not find them. */
  readonly unseen: string | null;
}

/** A table; `shown` is for people. */
interface KeyTable {
  readonly oid: string;
  readonly shown: string;
}

/**
 * What to walk by: the columns asked for, else the primary key, else the smallest unique index without NULLs, else where the rows
 * lie. Where a partitioned table has no key over all its partitions, one that each of them has will do. Throws a Problem (exit 2)
 * that says why where there is none.
 */
export async function readKey(
  session: Session,
  { oid, shown }: KeyTable,
  wanted: readonly string[] | null,
  progress: ProgressTest,
  partitions: readonly KeyTable[],
): Promise<readonly KeyColumn[]> {
  if (wanted?.join() !== 'ctid') {
    const none =
      wanted === null && (await hasNone(session, oid)) && (await hasNone(session, partitions[0]?.oid ?? oid));
    if (!none) return readKeyColumns(session, { oid, shown }, wanted, partitions);
  }
  if (progress.kind === 'tells') return readKeyColumns(session, { oid, shown }, ['ctid']);
  const keyless =
    wanted === null
      ? `${shown} has no primary key, and no unique index on columns that are NOT NULL.`
      : `${shown} is to be walked by ctid.`;
  throw new Problem(
    `${keyless} Without a key only a statement can run whose WHERE leaves out the rows that are done: ${progress.reason}.`,
    {
      advice: `Add a WHERE that tells them, such as WHERE new_column IS NULL, or a primary key: an update moves a row, and no walk could tell which ones it has visited.`,
    },
  );
}

async function hasNone(session: Session, oid: string): Promise<boolean> {
  return bestOf(await readIndexes(session, oid)) === undefined;
}

/** The columns of a unique key; `ctid` where that is what is asked for. Throws as {@link readKey}. */
export async function readKeyColumns(
  session: Session,
  { oid, shown: table }: KeyTable,
  wanted: readonly string[] | null,
  partitions: readonly KeyTable[] = [],
): Promise<readonly KeyColumn[]> {
  if (wanted?.join() === 'ctid') return readCtidKey(session, oid);
  const indexes = await readIndexes(session, oid);
  const [first, ...others] = partitions;
  if (first !== undefined && choose(indexes, wanted) === undefined) {
    if (wanted !== null) await requireColumns(session, oid, table, wanted);
    const key = await readKeyColumns(session, first, wanted);
    const columns = key.map(({ name }) => name);
    for (const partition of others) await readKeyColumns(session, partition, columns);
    return key;
  }
  const chosen = choose(indexes, wanted);
  if (wanted !== null) await requireColumns(session, oid, table, wanted);
  if (chosen === undefined) {
    throw new Problem(`${table} has no unique index on (${(wanted ?? []).join(', ')}).`, {
      advice:
        'The key needs a unique index on exactly these columns, in this order; without -- key, the primary key is taken.',
    });
  }
  const nullable = chosen.columns.find(({ notNull }) => !notNull);
  if (nullable !== undefined) {
    throw new Problem(`The key column ${nullable.name} of ${table} may be NULL; such rows would never be visited.`, {
      advice: `Make it NOT NULL, or walk another key.`,
    });
  }
  if (chosen.mixed) {
    throw new Problem(
      `The index on (${names(chosen).join(', ')}) of ${table} is ascending in one column and descending in another.`,
      {
        advice: 'It cannot be walked in order; name another unique key by -- key.',
      },
    );
  }
  const loose = chosen.columns.find(({ nondeterministic }) => nondeterministic !== null);
  if (loose !== undefined) {
    throw new Problem(
      `The key column ${loose.name} of ${table} has the nondeterministic collation ${loose.nondeterministic ?? ''}, in which different texts are equal.`,
      { advice: 'A walk could visit one for the other; name another unique key by -- key.' },
    );
  }
  const unseen = chosen.columns.find((column) => column.unseen !== null);
  if (unseen !== undefined) {
    throw new Problem(
      `The key column ${unseen.name} of ${table} has the type ${unseen.type}, whose operators the search path does not find; the keys would be compared in another order than that of their index.`,
      {
        advice: `Add the schema ${unseen.unseen ?? ''} to the search_path of the role, or walk another unique key by -- key.`,
      },
    );
  }
  return chosen.columns.map(({ name, type, collation }) => ({ name, type, collation }));
}

function choose(indexes: readonly KeyIndex[], wanted: readonly string[] | null): KeyIndex | undefined {
  return wanted === null ? bestOf(indexes) : indexes.find((index) => sameNames(index, wanted));
}

async function readIndexes(session: Session, oid: string): Promise<KeyIndex[]> {
  const rows = await session.query<{ primary: boolean; mixed: boolean; columns: string }>(
    `SELECT i.indisprimary AS primary, pg_catalog.count(DISTINCT k.option & 1) > 1 AS mixed,
            pg_catalog.json_agg(pg_catalog.json_build_object(
              'name', a.attname, 'schema', tn.nspname, 'type', t.typname, 'notNull', a.attnotnull,
              'collation', CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', cn.nspname, c.collname) END,
              'nondeterministic', CASE WHEN c.collisdeterministic IS FALSE THEN c.collname END,
              'unseen', (SELECT ns.nspname FROM pg_catalog.pg_amop p JOIN pg_catalog.pg_operator op ON op.oid = p.amopopr
                           JOIN pg_catalog.pg_namespace ns ON ns.oid = op.oprnamespace
                          WHERE p.amopfamily = o.opcfamily AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype
                            AND NOT pg_catalog.pg_operator_is_visible(op.oid) LIMIT 1)) ORDER BY k.position) AS columns
       FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::pg_catalog.int2[]), pg_catalog.unnest(i.indoption::pg_catalog.int2[]),
              pg_catalog.unnest(i.indclass::pg_catalog.oid[]), pg_catalog.unnest(i.indcollation::pg_catalog.oid[]))
              WITH ORDINALITY AS k (attnum, option, opclass, "collation", position)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       -- A domain is compared as what it is made of, and may refuse the NULLs with which statements are tried out.
       JOIN LATERAL (
         WITH RECURSIVE made_of AS (
           SELECT a.atttypid AS oid
           UNION ALL SELECT d.typbasetype FROM made_of JOIN pg_catalog.pg_type d ON d.oid = made_of.oid AND d.typtype = 'd')
         SELECT b.* FROM made_of JOIN pg_catalog.pg_type b ON b.oid = made_of.oid WHERE b.typtype <> 'd') AS t ON true
       JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
       JOIN pg_catalog.pg_opclass o ON o.oid = k.opclass
       LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
       LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace
      WHERE i.indrelid = $1::pg_catalog.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
      GROUP BY i.indexrelid, i.indisprimary
     -- Only what ORDER BY and the comparison operators of the columns themselves can use.
     HAVING pg_catalog.bool_and(o.opcdefault AND k."collation" = a.attcollation)
      ORDER BY i.indisprimary DESC, pg_catalog.count(*), i.indexrelid`,
    [oid],
  );
  return rows.map(({ columns, ...index }) => ({
    ...index,
    columns: (JSON.parse(columns) as (IndexColumn & { schema: string })[]).map(({ schema, type, ...column }) => ({
      ...column,
      type: `${quoteIdent(schema)}.${quoteIdent(type)}`,
    })),
  }));
}

/** The primary key comes first, then the fewest columns. */
function bestOf(indexes: readonly KeyIndex[]): KeyIndex | undefined {
  return indexes.find(({ primary, mixed, columns }) => primary || (!mixed && columns.every(({ notNull }) => notNull)));
}

function sameNames(index: KeyIndex, wanted: readonly string[]): boolean {
  return names(index).join('\0') === wanted.join('\0');
}

function names({ columns }: KeyIndex): string[] {
  return columns.map(({ name }) => name);
}

async function requireColumns(session: Session, oid: string, table: string, wanted: readonly string[]): Promise<void> {
  const rows = await session.query<{ name: string }>(
    'SELECT attname AS name FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.oid AND attnum > 0 AND NOT attisdropped',
    [oid],
  );
  const existing = rows.map(({ name }) => name);
  const missing = wanted.find((column) => !existing.includes(column));
  if (missing === undefined) return;
  const meant = closest(missing, existing);
  throw new Problem(`${table} has no column ${missing}.`, {
    advice: meant === null ? `Its columns are ${existing.join(', ')}.` : `Did you mean ${meant}?`,
  });
}
