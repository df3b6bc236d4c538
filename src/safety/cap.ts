import { isConnectionLost, sqlstate } from '../db/errors.ts';
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
  const state = sqlstate(error);
  return state === SQLSTATE.query_canceled || state === SQLSTATE.transaction_timeout || isConnectionLost(error);
}
