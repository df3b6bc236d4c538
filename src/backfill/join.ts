import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { type Lease, leaseHolder } from '../safety/lease.ts';
import type { Ended } from './event.ts';
import { leaseName } from './lease-name.ts';
import { isAtWork, type State } from './machine.ts';
import type { Store, Stored } from './store.ts';

export interface JoinOptions {
  readonly session: Session;
  readonly store: Store;
  readonly name: string;
  /** How long to wait for one that leads and has not begun. */
  readonly waitMs: number;
  readonly pause: AbortSignal;
  /** Takes the lead when nobody has it; throws a Problem when someone was quicker. */
  readonly lead: () => Promise<Lease>;
  /** Starts this process's workers, once there is something to join. */
  readonly join: (stored: Stored, owner: string) => Promise<void>;
  /** Told at each look how far all of them are. */
  readonly onLook: (stored: Stored) => void;
}

const LOOK_MS = 500;

/** How it ended while another process was leading, for this one that worked with it. */
const OUTCOMES: Readonly<Partial<Record<State, Ended['outcome']>>> = {
  succeeded: 'succeeded',
  paused: 'paused',
  failed: 'failed',
  cancelled: 'cancelled',
};

/**
 * Takes the lead, or works beside the process that has it until that is done, or gone: then this one takes the lead. Gives the lease,
 * or how it ended without us.
 */
export async function leadOrJoin(options: JoinOptions): Promise<Lease | Ended> {
  const { session, store, name, waitMs, pause, lead, join, onLook } = options;
  const began = performance.now();
  let joined = false;
  for (;;) {
    const holder = await leaseHolder(session, store.schema, leaseName(name));
    const stored = holder === null && !joined ? null : await store.load(session, name);
    const outcome = stored === null ? undefined : OUTCOMES[stored.state];
    if (joined && pause.aborted)
      return result(stored, name, 'paused', `${String(pause.reason)}; other workers go on`, began);
    if (joined && outcome !== undefined && (holder === null || outcome === 'succeeded')) {
      return result(stored, name, outcome, stored?.lastError ?? stored?.desiredState ?? null, began);
    }
    if (holder === null) {
      const lease = await lead().catch((error: unknown) => {
        if (error instanceof Problem && error.exitCode === 3 && !pause.aborted) return null;
        throw error;
      });
      if (lease !== null) return lease;
    } else if (!joined && stored !== null && isAtWork(stored.state)) {
      await join(stored, holder.owner);
      joined = true;
    } else if (joined && stored !== null && isAtWork(stored.state)) {
      onLook(stored);
    } else if (!joined && (pause.aborted || performance.now() - began > waitMs)) {
      // Says who has it.
      return lead();
    }
    await sleep(LOOK_MS, undefined, { signal: pause }).catch(() => undefined);
  }
}

function result(
  stored: Stored | null,
  name: string,
  outcome: Ended['outcome'],
  reason: string | null,
  began: number,
): Ended {
  const { rowsDone = 0, rowsVisited = 0, batches = 0 } = stored?.progress ?? {};
  const durationMs = performance.now() - began;
  return {
    name,
    outcome,
    reason: outcome === 'succeeded' ? null : reason,
    rowsDone,
    rowsVisited,
    batches,
    keysSkipped: 0,
    durationMs,
    remaining: null,
  };
}
