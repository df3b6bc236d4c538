import type { Session } from '../db/session.ts';
import { qualify } from '../postgres/quote.ts';
import type { Name } from '../sql/action.ts';
import type { LockTarget } from '../safety/blockers.ts';
import type { OnlineWork } from './online.ts';

export interface IndexState {
  readonly oid: number;
  /** Qualified and quoted. */
  readonly name: string;
  readonly bareName: string;
  readonly valid: boolean;
  /** Someone is building it right now, or that cannot be told. */
  readonly building: boolean;
}

/** By what the leftovers of online index work are found again, also when the statement was edited since. */
export interface IndexTrail {
  /** OIDs of the tables that it is about. */
  readonly tables: readonly number[];
  /** The index that it makes or drops, where the statement names one. */
  readonly index: string | null;
  /** Whether it builds anew what is there, under names of its own. */
  readonly shadows: boolean;
  /** OIDs of indexes that are none of ours. */
  readonly seen: readonly number[];
}

/**
 * Where online index work will leave its traces; null for other work. `session` resolves the names, so it must have the search_path of the
 * migration.
 */
export async function trailOf(session: Session, work: OnlineWork | null): Promise<IndexTrail | null> {
  switch (work?.kind) {
    case 'create-index': {
      const tables = await tablesAround(session, work.table);
      return trail(session, tables, { index: work.index, shadows: false });
    }
    case 'drop-index': {
      const [name] = work.indexes;
      if (name === undefined) return null;
      const tables = await tablesAround(session, name);
      return trail(session, tables, { index: name.name, shadows: false }, isValid);
    }
    case 'reindex': {
      const tables = work.name === null ? await tablesOf(session, work.schema) : await tablesAround(session, work.name);
      return trail(session, tables, { index: null, shadows: true }, willBeShadow);
    }
    default:
      return null;
  }
}

const isValid = ({ valid }: IndexState) => valid;
/** What REINDEX CONCURRENTLY replaces keeps its OID, and takes the name of a leftover. */
const willBeShadow = ({ valid, bareName }: IndexState) => valid || !SHADOW.test(bareName);

async function trail(
  session: Session,
  tables: readonly number[],
  made: Pick<IndexTrail, 'index' | 'shadows'>,
  isOurs: (state: IndexState) => boolean = () => false,
): Promise<IndexTrail> {
  const seen = (await indexesOf(session, { tables })).filter(
    (state) => !((made.index === null || state.bareName === made.index) && isOurs(state)),
  );
  return { tables, ...made, seen: seen.map(({ oid }) => oid) };
}

/** A table, or that of an index, with the partitions of either, and the tables that keep their long values. */
async function tablesAround(session: Session, name: Name): Promise<number[]> {
  const rows = await session.query<{ oid: number }>(
    `WITH named AS (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid
                    UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) p),
          tables AS (SELECT coalesce(i.indrelid, n.oid) AS oid
                       FROM named n LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = n.oid WHERE n.oid IS NOT NULL)
     SELECT oid FROM tables
     UNION SELECT c.reltoastrelid FROM tables t JOIN pg_catalog.pg_class c ON c.oid = t.oid WHERE c.reltoastrelid <> 0`,
    [sql(name)],
  );
  return rows.map(({ oid }) => oid);
}

/** The tables of a schema, or with null of the database. */
async function tablesOf(session: Session, schema: string | null): Promise<number[]> {
  const rows = await session.query<{ oid: number }>(
    `WITH tables AS (
       SELECT c.oid, c.reltoastrelid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm') AND (n.nspname = $1 OR ($1 IS NULL AND n.nspname !~ '^pg_')))
     SELECT oid FROM tables UNION SELECT reltoastrelid FROM tables WHERE reltoastrelid <> 0`,
    [schema],
  );
  return rows.map(({ oid }) => oid);
}

/** Indexes of these tables. Those of partitioned tables are left out: they are invalid by design until all partitions have theirs. */
async function indexesOf(session: Session, { tables }: Pick<IndexTrail, 'tables'>): Promise<IndexState[]> {
  if (tables.length === 0) return [];
  return session.query<IndexState>(
    // What other roles build shows without its index; a REINDEX or DROP of someone else keeps a lock on the index.
    `SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name, c.relname AS "bareName",
            i.indisvalid AND i.indisready AND i.indislive AS valid,
            EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                     WHERE p.index_relid = c.oid OR (p.index_relid IS NULL AND p.datname = pg_catalog.current_database()))
            OR EXISTS (SELECT FROM pg_catalog.pg_locks l
                        WHERE l.relation = c.oid AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
                          AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'AccessExclusiveLock')
                          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
              AS building
       FROM pg_catalog.pg_index i
       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'i' AND i.indrelid = ANY ($1::pg_catalog.oid[])`,
    [tables.map(String)],
  );
}

/** Invalid indexes that our own attempt has left: not there before it, and of the name that it makes. */
export async function leftovers(session: Session, trail: IndexTrail): Promise<IndexState[]> {
  return (await indexesOf(session, trail)).filter((state) => !state.valid && isOurs(trail, state));
}

/** Whether the index that the work makes is there and can be used. */
export async function madeValid(session: Session, trail: IndexTrail): Promise<boolean> {
  return (await indexesOf(session, trail)).some((state) => state.valid && isOurs(trail, state));
}

/** REINDEX CONCURRENTLY builds `x_ccnew`, and drops what it replaces as `x_ccold`; with a number behind when that name is taken. */
const SHADOW = /_cc(?:new|old)\d*$/;

function isOurs({ index, shadows, seen }: IndexTrail, { oid, bareName }: IndexState): boolean {
  if (seen.includes(oid)) return false;
  return shadows ? SHADOW.test(bareName) : index === null || index === bareName;
}

function sql({ schema, name }: Name): string {
  return qualify(schema ?? undefined, name);
}

/** Of these relations, the ones that exist. */
export async function existing(session: Session, names: readonly Name[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT w.name FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (name) WHERE pg_catalog.to_regclass(w.name) IS NOT NULL`,
    [names.map(sql)],
  );
  return rows.map(({ name }) => name);
}

/** What the second half of a DETACH CONCURRENTLY locks against all traffic. */
export function finalizeTargets(session: Session, { partition }: { readonly partition: Name }): Promise<LockTarget[]> {
  return session.query<LockTarget>(
    `SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation,
            c.relkind::pg_catalog.text, 'AccessExclusiveLock' AS mode, c.relkind IN ('r', 'p') AS lockable
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = pg_catalog.to_regclass($1)`,
    [sql(partition)],
  );
}

/** How far a DETACH CONCURRENTLY has come. */
export async function detachState(
  session: Session,
  { parent, partition }: { readonly parent: Name; readonly partition: Name },
): Promise<'attached' | 'pending' | 'detached'> {
  // inhdetachpending is there from 14 on, and so is DETACH CONCURRENTLY.
  const [row] = await session.query<{ pending: boolean }>(
    `SELECT coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool, false) AS pending
       FROM pg_catalog.pg_inherits i
      WHERE i.inhparent = pg_catalog.to_regclass($1) AND i.inhrelid = pg_catalog.to_regclass($2)`,
    [sql(parent), sql(partition)],
  );
  return row === undefined ? 'detached' : row.pending ? 'pending' : 'attached';
}
