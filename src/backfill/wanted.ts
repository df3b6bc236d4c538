import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import { leaseHolder } from '../safety/lease.ts';
import { leaseName } from './lease-name.ts';
import { after, isAtWork } from './machine.ts';
import { openStore, type Stored } from './store.ts';

/**
 * Throws a Problem where a person wants it not to run: cancelled (exit 1), or paused by a request (3). A process that stopped by itself,
 * by a signal or after failures, asks for nothing, so that a supervisor may start the next one.
 */
export async function requireWanted(session: Session, schema: string, stored: Stored): Promise<void> {
  const { name, state, desiredState } = stored;
  if (desiredState === 'cancelled' || (state === 'cancelled' && desiredState !== 'running')) {
    // Whatever was asked for since: only resume takes a cancellation back.
    throw new Problem(`The backfill ${name} was cancelled.`, {
      exitCode: 1,
      advice: `tiptoe backfill resume ${name} makes it go on after its last checkpoint when it is run again.`,
    });
  }
  if (desiredState !== 'paused' || state === 'succeeded') return;
  const reached = after(state, 'pause');
  // Its process was killed before it could say so.
  if (reached !== null && isAtWork(state) && (await leaseHolder(session, schema, leaseName(name))) === null) {
    await openStore(schema).write(session, name, { state: reached, throttledBy: null });
  }
  throw new Problem(`The backfill ${name} stays paused: ${await whoPaused(session, schema, name)} asked for it.`, {
    exitCode: 3,
    advice: `To let it go on: tiptoe backfill resume ${name}, then run it again; or run it with --resume.`,
  });
}

async function whoPaused(session: Session, schema: string, name: string): Promise<string> {
  const [event] = await session.query<{ who: string; application: string | null; at: string }>(
    `SELECT who, nullif(application, '') AS application, pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
       FROM ${quoteIdent(schema)}.backfill_event
      WHERE backfill = $1 AND what LIKE 'desired_state: %paused' ORDER BY id DESC LIMIT 1`,
    [name],
  );
  if (event === undefined) return 'someone';
  return `${event.who}${event.application === null ? '' : ` (${event.application})`} at ${event.at}`;
}
