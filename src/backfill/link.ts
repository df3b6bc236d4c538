import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../db/connection.ts';
import { readServer, requirePrimary, requireSameServer } from '../db/server.ts';
import { applySettings, openSession, type Session } from '../db/session.ts';
import { formatDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import { CONTROL_SETTINGS } from '../safety/limits.ts';
import { describeFailure, isOutage } from './failure.ts';
import type { Settings } from './settings.ts';

/** The two connections of a running backfill. */
export interface Link {
  /** Does the batches, and nothing else waits behind them. */
  readonly main: Session;
  /** Looks at requests and signals, and keeps the lease. */
  readonly control: Session;
  /** The server's major version. */
  readonly version: number;
}

/**
 * Keys travel as text, so their text has to be exact and the same whatever the role's settings are; the statement itself runs with
 * the role's own search path and time zone.
 */
const EXACT_TEXT = { datestyle: 'ISO', intervalstyle: 'postgres', bytea_output: 'hex', extra_float_digits: '1' };

/** Sets the limits for batches in a session, and text that can be read back. */
export async function batchSession(session: Session, { batchTimeMs }: Settings): Promise<void> {
  await applySettings(session, {
    ...EXACT_TEXT,
    // A batch that waits longer for a row would keep the rows that it has already changed from everyone else.
    lock_timeout: `${Math.round(Math.min(2_000, Math.max(100, 2 * batchTimeMs)))}ms`,
    statement_timeout: `${Math.round(Math.max(5_000, 10 * batchTimeMs))}ms`,
    idle_in_transaction_session_timeout: '10s',
  });
}

/** Opens both; throws a Problem for a server that cannot be reached or written to. */
export async function openLink(connection: ConnectionSettings, name: string, settings: Settings): Promise<Link> {
  const applicationName = `tiptoe backfill ${name}`;
  const control = await openSession(connection, { applicationName, settings: CONTROL_SETTINGS });
  try {
    const server = await readServer(control);
    requirePrimary(server, connection);
    const main = await openSession(control.connection, { applicationName });
    try {
      await requireSameServer(control, main);
      await batchSession(main, settings);
    } catch (error) {
      main.destroy();
      throw error;
    }
    return { main, control, version: server.version };
  } catch (error) {
    control.destroy();
    throw error;
  }
}

export async function closeLink({ main, control }: Link): Promise<void> {
  for (const session of [main, control]) {
    if (session.lost.aborted) session.destroy();
    else await session.close();
  }
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export interface Reopening {
  readonly open: () => Promise<Link>;
  /** What has to work on the new link before it counts. */
  readonly settle: (link: Link) => Promise<void>;
  readonly forMs: number;
  readonly stop: AbortSignal;
}

/** Opens both again, for as long as it takes within `forMs`; throws a Problem (exit 3) after that, and at once when stopped. */
export async function reopenLink({ open, settle, forMs, stop }: Reopening): Promise<Link> {
  const deadline = performance.now() + forMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
    try {
      const link = await open();
      try {
        await settle(link);
        return link;
      } catch (error) {
        await closeLink(link);
        throw error;
      }
    } catch (error) {
      // Refused connections are Problems; anything else says something about the backfill.
      if (!(error instanceof Problem) && !isOutage(error)) throw error;
      if (!stop.aborted && performance.now() < deadline) continue;
      throw connectionGone(error, stop.aborted ? null : forMs);
    }
  }
}

/** A Problem (exit 3) for a connection that was lost and was not to be had back; `forMs` null where that was not tried to the end. */
export function connectionGone(error: unknown, forMs: number | null): Problem {
  const waited = forMs === null ? '' : ` within ${formatDuration(forMs)}`;
  return new Problem(`The connection was lost and did not come back${waited}: ${describeFailure(error)}`, {
    exitCode: 3,
    advice: 'Run the same command again when the server is back; it goes on after the last checkpoint.',
    cause: error,
  });
}
