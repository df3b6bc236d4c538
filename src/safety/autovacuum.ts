import type { Session } from '../db/session.ts';
import { sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import type { LockTarget } from './blockers.ts';

/** An autovacuum yields after `deadlock_timeout`; this much later it should have gone. */
const LEAVING_MS = 500;

/**
 * Makes ordinary autovacuums leave these tables. They yield to whoever has waited for `deadlock_timeout`, and in ShareUpdateExclusive
 * nobody but other schema changes stands behind us meanwhile. False when one did not leave, or when we may not lock the table.
 */
export async function shooAutovacuum(main: Session, targets: readonly LockTarget[]): Promise<boolean> {
  const tables = targets.filter(({ relkind }) => relkind === 'r').map(({ relation }) => relation);
  if (tables.length === 0) return false;
  await main.exec('BEGIN');
  try {
    await main.query(
      `SELECT pg_catalog.set_config('lock_timeout', (s.setting::pg_catalog.int4 + $1::pg_catalog.int4)::pg_catalog.text, true),
              pg_catalog.set_config('statement_timeout', '0', true)
         FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'`,
      [LEAVING_MS],
    );
    for (const table of tables) await main.exec(`LOCK TABLE ONLY ${table} IN SHARE UPDATE EXCLUSIVE MODE`);
    return true;
  } catch (error) {
    const state = sqlstate(error);
    if (
      state === SQLSTATE.lock_not_available ||
      state === SQLSTATE.insufficient_privilege ||
      state === SQLSTATE.undefined_table
    ) {
      return false;
    }
    throw error;
  } finally {
    await main.exec('ROLLBACK');
  }
}
