import { isConnectionLost, isSqlFailure, sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';

/** The connection is gone, or the server no longer takes writes: a failover makes the old primary read-only before it goes. */
export function isOutage(error: unknown): boolean {
  return isConnectionLost(error) || sqlstate(error) === SQLSTATE.read_only_sql_transaction;
}

/** Missing tables, columns, privileges, operators: class 42, with 3F for schemas and 0A for what the server cannot do. */
export function isHopeless(error: unknown): boolean {
  return /^(?:42|3F|0A)/.test(sqlstate(error) ?? '');
}

/**
 * The rows themselves are why it failed, and the same rows will make it fail again: data that does not fit, violated constraints,
 * triggers and functions that raise errors, limits, internal errors. Not locks, timeouts, resources or the session.
 */
export function isOfRows(error: unknown): boolean {
  return /^(?:2[1237]|38|39|44|54|P0|XX)/.test(sqlstate(error) ?? '');
}

/** Fewer rows at a time may do. */
export function isOfSize(error: unknown): boolean {
  return sqlstate(error) === SQLSTATE.query_canceled;
}

/** Others were in the way. */
export function isOfLocks(error: unknown): boolean {
  return LOCKS.has(sqlstate(error) ?? '');
}

const LOCKS: ReadonlySet<string> = new Set([
  SQLSTATE.lock_not_available,
  SQLSTATE.deadlock_detected,
  SQLSTATE.serialization_failure,
]);

export function describeFailure(error: unknown): string {
  if (!isSqlFailure(error)) return error instanceof Error ? error.message : String(error);
  const message = shorten(error.message);
  // Of a lock, the context says on which table; of a trigger, in which function.
  const context = error.where?.split('\n')[0];
  return `${message} (SQLSTATE ${error.sqlstate}${context === undefined ? '' : `, ${shorten(context)}`})`;
}

const LONGEST = 500;

/** A message may have all of a wide value in it. */
function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
}

export function rowHeld(name: string, schema: string, cause: unknown): Problem {
  return new Problem(`An open transaction holds the row of ${name} in ${schema}.backfill; the backfill has stopped.`, {
    exitCode: 3,
    advice: 'End that transaction (an UPDATE without COMMIT, most likely), then run the backfill again.',
    cause,
  });
}
