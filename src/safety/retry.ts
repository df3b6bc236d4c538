import { CommitUnknown } from '../db/transaction.ts';
import { isConnectionLost, sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';

/** It stood in line for longer than traffic may wait behind it, whatever `lock_timeout` the statement had set itself. */
export class OutOfPatience extends Error {
  constructor(cause: unknown) {
    super('waited for a lock for longer than traffic may wait behind it', { cause });
    this.name = 'OutOfPatience';
  }
}

/** A try that ended before it stood in line: nobody waited behind us. */
export class LookAgain extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LookAgain';
  }
}

/** Ends that say nothing against the statement: it met someone else, and another try may do. */
const MET_SOMEONE: ReadonlySet<string> = new Set([
  SQLSTATE.lock_not_available,
  SQLSTATE.deadlock_detected,
  SQLSTATE.serialization_failure,
]);

/** Whether the transaction was rolled back for a reason that may be gone at the next try. Never after a COMMIT of unknown outcome. */
export function mayRetry(error: unknown): boolean {
  if (error instanceof OutOfPatience || error instanceof LookAgain) return true;
  if (error instanceof CommitUnknown || isConnectionLost(error)) return false;
  const state = sqlstate(error);
  return state !== undefined && MET_SOMEONE.has(state);
}
