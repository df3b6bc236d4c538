import type { Session } from '../db/session.ts';
import { heldLeases } from '../safety/lease.ts';
import { workerPrefix } from './lease-name.ts';
import type { Settings } from './settings.ts';

/** The further workers of a backfill that are there, whatever machine they are on: their leases. */
export function furtherWorkers(session: Session, schema: string, name: string): Promise<string[]> {
  return heldLeases(session, schema, workerPrefix(name));
}

/** The part that one worker has of what all of them may do together. */
export function shareOf(settings: Settings, workers: number): Settings {
  const { rate, maxWalMb } = settings;
  return {
    ...settings,
    rate: rate === null ? null : rate / workers,
    maxWalMb: maxWalMb === null ? null : maxWalMb / workers,
  };
}
