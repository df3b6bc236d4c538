import type { Session } from '../db/session.ts';
import { stronger, type LockMode } from '../postgres/lock-mode.ts';
import type { LockTarget } from './blockers.ts';

export interface WantedLock {
  /** Schema-qualified, in quotes or without. */
  readonly relation: string;
  readonly mode: LockMode;
}

/**
 * Finds the wanted relations on the server, each once with its strongest mode, in the one order in which locks are taken: parents before
 * what inherits from them, then by age, as the server itself goes through partitions. Relations that do not exist are left out.
 */
export async function resolveTargets(control: Session, wanted: readonly WantedLock[]): Promise<LockTarget[]> {
  const modes = new Map<string, LockMode>();
  for (const { relation, mode } of wanted) {
    const before = modes.get(relation);
    modes.set(relation, before === undefined ? mode : stronger(before, mode));
  }
  if (modes.size === 0) return [];
  const rows = await control.query<{
    oid: number;
    relation: string;
    asked: string;
    relkind: string;
    permitted: boolean;
  }>(
    `WITH RECURSIVE found AS MATERIALIZED (
       SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation, w.asked,
              c.relkind::pg_catalog.text, pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS permitted
         FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
         JOIN pg_catalog.pg_namespace n ON pg_catalog.starts_with(w.asked, n.nspname) OR pg_catalog.starts_with(w.asked, pg_catalog.quote_ident(n.nspname))
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
              AND w.asked IN (n.nspname || '.' || c.relname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname))
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')),
     ancestor AS (
       SELECT f.oid, i.inhparent AS parent, 1 AS depth FROM found f JOIN pg_catalog.pg_inherits i ON i.inhrelid = f.oid
        UNION ALL
       SELECT a.oid, i.inhparent, a.depth + 1 FROM ancestor a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.parent)
     SELECT f.* FROM found f
      ORDER BY coalesce((SELECT max(a.depth) FROM ancestor a WHERE a.oid = f.oid), 0), f.oid`,
    [[...modes.keys()]],
  );
  return rows.map(({ asked, permitted, ...target }) => ({
    ...target,
    mode: modes.get(asked) ?? 'AccessExclusiveLock',
    lockable: permitted && (target.relkind === 'r' || target.relkind === 'p'),
  }));
}

/** Whether these relations are still there under their names: someone else may drop, rename or replace one while we wait. */
export async function stillThere(control: Session, targets: readonly LockTarget[]): Promise<boolean> {
  if (targets.length === 0) return true;
  const [row] = await control.query<{ same: boolean }>(
    `SELECT pg_catalog.bool_and(c.oid IS NOT NULL) AS same
       FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.text[])) AS t (oid, relation)
       LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
            ON c.oid = t.oid AND t.relation = pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)`,
    [targets.map(({ oid }) => String(oid)), targets.map(({ relation }) => relation)],
  );
  return row?.same === true;
}
