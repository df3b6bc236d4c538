import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionLost, isSqlFailure, sqlstate } from '../db/errors.ts';
import type { Session, SessionOptions } from '../db/session.ts';
import { qualify } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';

/**
 * How the rows of a relation, those of its partitions and heirs included, compare with a number.
 * - `within`: certainly no more
 * - `more`: more; `rows` is the server's estimate, where it has one
 * - `unreadable`: it cannot be told, and why
 */
export type RowCount =
  | { readonly kind: 'absent' }
  | { readonly kind: 'within' }
  | { readonly kind: 'more'; readonly rows: number | null }
  | { readonly kind: 'unreadable'; readonly why: string };

/** For the session that counts: it neither waits behind anyone nor holds anyone up, and no policy hides rows from it. */
export const COUNTING: SessionOptions = {
  applicationName: 'tiptoe: count',
  settings: {
    search_path: 'pg_catalog',
    lock_timeout: '30ms',
    statement_timeout: '30s',
    idle_in_transaction_session_timeout: '10s',
    row_security: 'off',
  },
};

/** A strong lock of somebody else's is mostly gone in a moment. */
const LOOKS = 5;
const PAUSE_MS = 100;

/**
 * Compares the rows of each relation with `limit`; names are schema-qualified, in quotes or without. What the server knows of its tables
 * may be old or missing, so that only their size on disk, which is always right, and looking at up to `limit` rows decide.
 */
export async function countRows(
  session: Session,
  relations: readonly string[],
  limit: number,
): Promise<ReadonlyMap<string, RowCount>> {
  const parts = new Map<string, Part[]>(relations.map((relation) => [relation, []]));
  for (const part of await findParts(session, relations)) parts.get(part.asked)?.push(part);
  const filled = [...parts.values()].flat().filter(hasRows);
  const sizes = filled.length === 0 ? NO_SIZES : await readSizes(session, filled).catch(onlyLocks);
  await session.exec(`SET statement_timeout = '${LOOKING}'`);
  const counts = new Map<string, RowCount>();
  for (const [relation, own] of parts)
    counts.set(
      relation,
      own.length === 0 ? { kind: 'absent' } : await count(session, own.filter(hasRows), limit, sizes),
    );
  return counts;
}

/** How long looking at rows may take. */
const LOOKING = '300ms';

/** Pages by table. */
type Sizes = ReadonlyMap<number, number>;

const NO_SIZES: Sizes = new Map();

async function readSizes(session: Session, parts: readonly Part[]): Promise<Sizes> {
  const rows = await session.query<{ oid: number; pages: string }>(
    `SELECT p.oid, coalesce(pg_catalog.pg_relation_size(p.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int4, 0) AS pages
       FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS p (oid)`,
    [parts.map(({ oid }) => String(oid))],
  );
  return new Map(rows.map(({ oid, pages }) => [oid, Number(pages)]));
}

/** One that is locked must not keep the sizes of all others from being read. */
function onlyLocks(error: unknown): Sizes {
  if (sqlstate(error) === SQLSTATE.lock_not_available) return NO_SIZES;
  throw error;
}

/** A table that a relation's rows are in. */
interface Part {
  readonly asked: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  /** As of the last VACUUM or ANALYZE; 0 and -1, or 0 and 0 up to version 13, before the first. */
  readonly pages: number;
  readonly tuples: string;
  /** How many rows a page can hold; null where the access method is not PostgreSQL's own. */
  readonly rowsPerPage: number | null;
}

/** A partitioned table has no rows of its own, and those of a foreign table are somewhere else. */
function hasRows({ kind }: Part): boolean {
  return kind === 'r' || kind === 'm';
}

/** The relations and all that inherits from them; for an index, its table. Reads the catalogs alone, so that it locks none of them. */
function findParts(session: Session, relations: readonly string[]): Promise<Part[]> {
  return session.query<Part>(
    `WITH RECURSIVE named AS (
       SELECT n.nspname || '.' || c.relname AS name, c.oid
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       UNION
       SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.oid
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     ), part AS (
       SELECT w.asked, coalesce(x.indrelid, c.oid) AS oid
         FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
         JOIN named c ON c.name = w.asked
         LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
       UNION
       SELECT p.asked, i.inhrelid FROM part p JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
     )
     SELECT p.asked, p.oid, n.nspname AS schema, c.relname AS name, c.relkind::pg_catalog.text AS kind, c.relpages AS pages,
            c.reltuples::pg_catalog.text AS tuples,
            CASE a.amname WHEN 'heap' THEN (pg_catalog.current_setting('block_size')::pg_catalog.int4 - 24) / 28 END AS "rowsPerPage"
       FROM part p
       JOIN pg_catalog.pg_class c ON c.oid = p.oid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
      ORDER BY c.relpages DESC, c.oid`,
    [relations],
  );
}

async function count(session: Session, parts: readonly Part[], limit: number, known: Sizes): Promise<RowCount> {
  const isKnown = parts.every(({ oid }) => known.has(oid));
  const sized = isKnown ? { kind: 'done' as const, value: known } : await attempt(() => readSizes(session, parts));
  if (sized.kind === 'failed') return { kind: 'unreadable', why: sized.why };
  const filled = parts.filter(({ oid }) => sized.value.get(oid) !== 0);
  const pagesOf = ({ oid }: Part) => sized.value.get(oid) ?? 0;
  const most = filled.reduce((sum, part) => sum + (part.rowsPerPage ?? Infinity) * pagesOf(part), 0);
  if (filled.length === 0 || most <= limit) return { kind: 'within' };

  let seen = 0;
  let why: string | null = null;
  for (const part of filled) {
    const looked = await attempt(() => look(session, part, limit + 1 - seen));
    if (looked.kind === 'failed') why ??= looked.why;
    else seen += looked.value;
    if (seen > limit) return { kind: 'more', rows: estimate(filled, pagesOf, limit) };
  }
  return why === null ? { kind: 'within' } : { kind: 'unreadable', why };
}

/** How many rows a table has, up to `limit`. */
async function look(session: Session, { schema, name }: Part, limit: number): Promise<number> {
  const [row] = await session.query<{ rows: number }>(
    `SELECT pg_catalog.count(*)::pg_catalog.int4 AS rows FROM (SELECT FROM ONLY ${qualify(schema, name)} LIMIT ${limit}) AS seen`,
  );
  return row?.rows ?? 0;
}

/** As the planner does it: rows a page as of the last ANALYZE, times the pages of now. */
function estimate(parts: readonly Part[], pagesOf: (part: Part) => number, limit: number): number | null {
  let rows = 0;
  for (const part of parts) {
    if (part.pages <= 0 || Number(part.tuples) < 0) return null;
    rows += (Number(part.tuples) / part.pages) * pagesOf(part);
  }
  return rows > limit ? Math.round(rows) : null;
}

type Attempt<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly why: string };

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  for (let left = LOOKS - 1; ; left -= 1) {
    try {
      return { kind: 'done', value: await work() };
    } catch (error) {
      if (!isSqlFailure(error) || isConnectionLost(error)) throw error;
      if (error.sqlstate !== SQLSTATE.lock_not_available) return { kind: 'failed', why: reason(error) };
      if (left === 0) return { kind: 'failed', why: 'someone holds it under a lock that keeps readers out' };
    }
    await sleep(PAUSE_MS);
  }
}

function reason({ sqlstate, message }: { readonly sqlstate: string; readonly message: string }): string {
  return sqlstate === SQLSTATE.query_canceled ? 'looking at its first rows took too long' : message;
}
