import { isConnectionLost, isSqlFailure, sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';

/**
 * The clock of one transaction: from the first lock that blocks others to the end of COMMIT. Once started it cannot be stopped or set
 * back, whatever statement comes next.
 */
export interface Cap {
  readonly limitMs: number;
  /** Starts it, or sets an earlier start; times are of `performance.now()`. */
  start(at: number): void;
  startedAt(): number | null;
  /** Infinity before the start; 0 when it is used up. */
  leftMs(now: number): number;
}

export function createCap(limitMs: number): Cap {
  let startedAt: number | null = null;
  return {
    limitMs,
    start(at) {
      startedAt = startedAt === null ? at : Math.min(startedAt, at);
    },
    startedAt: () => startedAt,
    leftMs: (now) => (startedAt === null ? Infinity : Math.max(0, startedAt + limitMs - now)),
  };
}

/** The server counts by its own clock, and may be a little early by ours. */
const SLACK_MS = 50;

/** Whether an error is the end of the cap: the server's timeouts were set to what was left of it. */
export function ranIntoCap(error: unknown, cap: Cap): boolean {
  if (cap.leftMs(performance.now()) > SLACK_MS) return false;
  return isCancel(error) || sqlstate(error) === SQLSTATE.transaction_timeout || isConnectionLost(error);
}

/**
 * Whether a backend was asked to cancel what it did, by a person or by a timeout. Any function may raise the same SQLSTATE, and the message
 * is in the server's language; the place in its source is not.
 * https://github.com/postgres/postgres/blob/master/src/backend/tcop/postgres.c
 */
export function isCancel(error: unknown): boolean {
  if (!isSqlFailure(error) || error.sqlstate !== SQLSTATE.query_canceled) return false;
  return error.routine === undefined || error.routine === 'ProcessInterrupts';
}
