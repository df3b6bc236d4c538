import type { Session } from '../db/session.ts';
import { sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { type LockTarget, mayBeVacuumed } from './blockers.ts';
import { LookAgain } from './retry.ts';

/** An autovacuum yields after `deadlock_timeout`; this much later it should have gone. */
const LEAVING_MS = 500;

/** How long whoever blocks no traffic waits for a lock: as long as it takes an ordinary autovacuum to leave, and no less. */
export async function patientMs(control: Session): Promise<number> {
  const [row] = await control.query<{ ms: number }>(
    `SELECT s.setting::pg_catalog.int4 AS ms FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'`,
  );
  return (row?.ms ?? 0) + LEAVING_MS;
}

/** It did not leave: it prevents wraparound, most often. */
export class AutovacuumStays extends LookAgain {
  constructor(cause: unknown) {
    super('an autovacuum did not leave', cause);
    this.name = 'AutovacuumStays';
  }
}

/**
 * Makes ordinary autovacuums leave these tables, and keeps new ones away until the open transaction ends. They yield to whoever has waited
 * for `deadlock_timeout`, and in ShareUpdateExclusive nobody but other schema changes stands behind us meanwhile.
 * Throws {@link AutovacuumStays}.
 */
export async function shooAutovacuum(main: Session, targets: readonly LockTarget[], waitMs: number): Promise<void> {
  await main.exec(`SET LOCAL lock_timeout = ${Math.ceil(waitMs)}; SET LOCAL statement_timeout = 0`);
  for (const { relation } of targets.filter(mayBeVacuumed)) {
    try {
      await main.exec(`LOCK TABLE ONLY ${relation} IN SHARE UPDATE EXCLUSIVE MODE`);
    } catch (error) {
      throw sqlstate(error) === SQLSTATE.lock_not_available ? new AutovacuumStays(error) : error;
    }
  }
}
