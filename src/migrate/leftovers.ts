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
  /** A backend is building it right now. */
  readonly building: boolean;
}

/**
 * The indexes of the table that online index work is about. `session` resolves the names, so it must have the search_path of the
 * migration. Those of partitioned tables are left out: they are invalid by design until all partitions have theirs.
 */
export async function indexesOf(session: Session, work: OnlineWork): Promise<IndexState[]> {
  const relation = relationOf(work);
  if (relation === null) return [];
  return session.query<IndexState>(
    `SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name, c.relname AS "bareName",
            i.indisvalid AND i.indisready AND i.indislive AS valid,
            EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS building
       FROM pg_catalog.pg_index i
       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'i'
        AND i.indrelid = coalesce((SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid = pg_catalog.to_regclass($1)),
                                  pg_catalog.to_regclass($1))`,
    [relation],
  );
}

/** Invalid indexes that our own attempt has left: not there before it, and of the name that it makes. */
export function leftovers(work: OnlineWork, seen: readonly number[], indexes: readonly IndexState[]): IndexState[] {
  return indexes.filter(({ oid, bareName, valid }) => !valid && !seen.includes(oid) && madeBy(work, bareName));
}

/** REINDEX CONCURRENTLY builds `x_ccnew`, and drops what it replaces as `x_ccold`; with a number behind when that name is taken. */
const SHADOW = /_cc(?:new|old)\d*$/;

function madeBy(work: OnlineWork, index: string): boolean {
  if (work.kind === 'create-index') return work.index === null || index === work.index;
  return work.kind === 'reindex' && SHADOW.test(index);
}

function relationOf(work: OnlineWork): string | null {
  if (work.kind === 'create-index') return sql(work.table);
  if (work.kind === 'reindex' && work.name !== null && (work.target === 'index' || work.target === 'table'))
    return sql(work.name);
  return null;
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
