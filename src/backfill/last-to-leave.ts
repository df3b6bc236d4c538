import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { acquireLease, type LeaseRequest, underLease } from '../safety/lease.ts';
import { LAST_STEP } from './end.ts';
import { leaseName } from './lease-name.ts';
import { after, isAtWork } from './machine.ts';
import { furtherWorkers } from './share.ts';
import type { Store } from './store.ts';

/** Where all processes are stopped at once, each leaves it to the others to write that down; the last one to leave does. */
export async function pauseIfLast(
  session: Session,
  store: Store,
  { name, ...as }: Pick<LeaseRequest, 'name' | 'owner' | 'ttlMs'>,
): Promise<void> {
  const { schema } = store;
  const stored = await store.load(session, name);
  if (stored === null || !isAtWork(stored.state)) return;
  if ((await furtherWorkers(session, schema, name)).length > 0) return;
  const request = { ...as, schema, name: leaseName(name), waitMs: 0 };
  const lease = await acquireLease(session, request).catch((error: unknown) => {
    // Somebody leads, or is the last one as well.
    if (error instanceof Problem) return null;
    throw error;
  });
  if (lease === null) return;
  try {
    await underLease(session, lease, async () => {
      const left = await store.load(session, name);
      const state = left === null ? null : after(left.state, LAST_STEP.paused);
      if (state !== null) await store.write(session, name, { state, throttledBy: null });
    });
  } finally {
    await lease.release(session);
  }
}
