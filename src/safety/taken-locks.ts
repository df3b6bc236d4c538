import type { Session } from '../db/session.ts';
import type { LockMode } from '../postgres/lock-mode.ts';

/**
 * What a session's transaction has locked so far, of tables, views and sequences that were there before it: what it has made itself is not in
 * our snapshot, and what it has renamed is there under the old name. Asked from outside, so that it takes no time under the locks.
 */
export function takenLocks(
  control: Session,
  main: Pick<Session, 'pid'>,
  ownSchema: string,
): Promise<{ readonly relation: string; readonly mode: LockMode }[]> {
  return control.query(
    `SELECT n.nspname || '.' || c.relname AS relation, l.mode
       FROM pg_catalog.pg_locks l
       JOIN pg_catalog.pg_class c ON c.oid = l.relation
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema', $2)
      ORDER BY relation`,
    [main.pid, ownSchema],
  );
}
