import { applySettings, type Session } from '../db/session.ts';

/** What a migration may cost the traffic beside it, in milliseconds. */
export interface Limits {
  /** The longest that we stand in line for a lock: everyone who comes after us waits as long. */
  readonly maxStallMs: number;
  /** How long the first try stands in line; later ones grow up to `maxStallMs`. */
  readonly lockTimeoutMs?: number;
  /** From the first lock that blocks others to the end of COMMIT. */
  readonly capMs: number;
  /** How long to try for a lock, all attempts together. */
  readonly giveUpAfterMs: number;
  /** How long online work may wait for transactions that can see the old state; unset, for as long as they last. */
  readonly waitForSnapshotsMs?: number;
}

export const DEFAULT_LIMITS: Limits = { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 600_000 };

/** The server's own backstop comes this much after the cap, so that the gentler cancel comes first. */
const BACKSTOP_MS = 1_000;

/** A busy machine may keep us from going on for a while. */
const IDLE_MS = 5_000;

/** What a role or database may have set for transactions that do not say it themselves; for ours a newer snapshot is always better. */
const PLAIN_TRANSACTIONS = { default_transaction_isolation: 'read committed', default_transaction_deferrable: 'off' };

/** Settings for the session that runs migrations, as set before each file. */
export function envelope(limits: Limits, version: number, applicationName: string): Readonly<Record<string, string>> {
  return {
    lock_timeout: `${limits.maxStallMs}ms`,
    statement_timeout: `${limits.capMs}ms`,
    // A client that stands still, stopped or cut off, must not keep its locks.
    idle_in_transaction_session_timeout: `${Math.max(limits.capMs, IDLE_MS)}ms`,
    // A role or database may have these, and our own work has no such end: it waits for locks, and builds indexes.
    ...(version >= 14 ? { idle_session_timeout: '0' } : {}),
    ...(version >= 17 ? { transaction_timeout: '0' } : {}),
    ...PLAIN_TRANSACTIONS,
    application_name: applicationName,
  };
}

/** Settings for the session that watches; its queries are short, and its name resolution is nobody else's. */
export const CONTROL_SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  lock_timeout: '2s',
  statement_timeout: '10s',
  idle_in_transaction_session_timeout: '10s',
  // No timeout covers the wait for a standby. What the main session commits later confirms these writes as well: the log has one order.
  synchronous_commit: 'local',
  ...PLAIN_TRANSACTIONS,
};

/**
 * Undoes whatever an earlier file left in the session (roles, settings, temporary tables, `search_path = ''` of a dump), sets the
 * limits and reads them back.
 */
export async function freshSession(session: Session, settings: Readonly<Record<string, string>>): Promise<void> {
  await session.exec('DISCARD ALL');
  await session.exec('RESET ROLE');
  await applySettings(session, settings);
}

/** The timeouts of one statement, in milliseconds; 0 is none. */
export interface StatementLimits {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** What is left of the cap once it runs; the server then ends the transaction by itself. */
  readonly capLeftMs?: number;
}

/**
 * Sets the timeouts for the next statement, whatever the file's own statements have set before it: for the transaction inside of one, else
 * for the session. A statement of our own can go along in the same message: under a lock every round trip counts.
 */
export async function limitStatement(
  session: Session,
  version: number,
  limits: StatementLimits,
  ownStatement?: string,
): Promise<void> {
  const settings = Object.entries({
    lock_timeout: limits.lockTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout: Math.max(limits.capLeftMs ?? 0, IDLE_MS),
    // Switched on once, it runs from then on; 17 and newer.
    ...(version >= 17 && limits.capLeftMs !== undefined ? { transaction_timeout: limits.capLeftMs + BACKSTOP_MS } : {}),
  });
  // A query instead would take the transaction's snapshot, and SET TRANSACTION must come before that.
  const set = session.transactionStatus() === 'open' ? 'SET LOCAL' : 'SET';
  // A timeout of 0 is none, and below a millisecond it would be rounded to 0.
  const value = (ms: number) => (ms === 0 ? 0 : Math.max(1, Math.ceil(ms)));
  const timeouts = settings.map(([name, ms]) => `${set} ${name} = ${value(ms)}`);
  // The server warns when a COMMIT ends unconfirmed, and has to be heard.
  const all = [
    ...timeouts,
    `${set} client_min_messages = notice`,
    ...(ownStatement === undefined ? [] : [ownStatement]),
  ];
  await session.exec(all.join('; '));
}
