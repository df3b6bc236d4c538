import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { leaseHolder } from '../safety/lease.ts';
import { leaseName } from './lease-name.ts';
import { after, type DesiredState, type Step } from './machine.ts';
import { mergeSettings, type Settings } from './settings.ts';
import { backfillStatus, type BackfillDetails, loadBackfill } from './status.ts';
import { openStore } from './store.ts';

/** Without a process at work, what is asked for is reached at once. */
const STEPS: Readonly<Record<DesiredState, Step | null>> = { running: null, paused: 'pause', cancelled: 'cancel' };

/**
 * Asks for a state from any session, while another process runs the backfill or none does; gives the status after that. Throws a
 * Problem where there is no such backfill (exit 2) or it is done, or to be paused and cancelled (exit 1).
 */
export async function requestState(
  session: Session,
  schema: string,
  name: string,
  desiredState: DesiredState,
): Promise<BackfillDetails> {
  const store = openStore(schema);
  const stored = await loadBackfill(session, schema, name);
  requireOpen(stored);
  if (desiredState === 'paused' && (stored.desiredState === 'cancelled' || stored.state === 'cancelled')) {
    throw new Problem(`The backfill ${name} was cancelled; a pause would take that back in silence.`, {
      exitCode: 1,
      advice: `tiptoe backfill resume ${name} lets it go on first.`,
    });
  }
  await store.write(session, name, { desiredState });
  const step = STEPS[desiredState];
  const holder = await leaseHolder(session, schema, leaseName(name));
  const reached = step === null || holder !== null ? null : after(stored.state, step);
  if (reached !== null) await store.write(session, name, { state: reached, throttledBy: null });
  return backfillStatus(session, schema, name);
}

/** Changes settings of a backfill, whether it runs or not; the others stay. Throws as {@link requestState}. */
export async function changeSettings(
  session: Session,
  schema: string,
  name: string,
  changed: Partial<Settings>,
): Promise<BackfillDetails> {
  const stored = await loadBackfill(session, schema, name);
  requireOpen(stored);
  await openStore(schema).write(session, name, { settings: mergeSettings(stored.settings, { broken: null }, changed) });
  return backfillStatus(session, schema, name);
}

function requireOpen({ name, state, finishedAt }: { name: string; state: string; finishedAt: string | null }): void {
  if (state !== 'succeeded') return;
  throw new Problem(`The backfill ${name} has succeeded already, at ${finishedAt ?? 'some time'}.`, {
    exitCode: 1,
    advice: `tiptoe backfill verify ${name} counts what is left to do by now.`,
  });
}
