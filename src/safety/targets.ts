import type { Session } from '../db/session.ts';
import { stronger, type LockMode } from '../postgres/lock-mode.ts';
import type { LockTarget } from './blockers.ts';

export interface WantedLock {
  /** Schema-qualified, in quotes or without. */
  readonly relation: string;
  readonly mode: LockMode;
}

export interface ResolvedTarget extends LockTarget {
  /** Whether `LOCK TABLE` exists for this kind of relation and our role may use it. */
  readonly lockable: boolean;
}

/**
 * Finds the wanted relations on the server, each once with its strongest mode, in the one order in which locks are taken. Relations that
 * do not exist are left out.
 */
export async function resolveTargets(control: Session, wanted: readonly WantedLock[]): Promise<ResolvedTarget[]> {
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
    `SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation, w.asked,
            c.relkind::pg_catalog.text, pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS permitted
       FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
       JOIN pg_catalog.pg_namespace n ON pg_catalog.starts_with(w.asked, n.nspname) OR pg_catalog.starts_with(w.asked, pg_catalog.quote_ident(n.nspname))
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
            AND w.asked IN (n.nspname || '.' || c.relname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname))
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
      ORDER BY relation`,
    [[...modes.keys()]],
  );
  return rows.map(({ asked, permitted, ...target }) => ({
    ...target,
    mode: modes.get(asked) ?? 'AccessExclusiveLock',
    lockable: permitted && (target.relkind === 'r' || target.relkind === 'p'),
  }));
}
