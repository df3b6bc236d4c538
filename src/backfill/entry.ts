import { sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { type Lease, underLease } from '../safety/lease.ts';
import type { BatchCancel } from './batch-cancel.ts';
import { rowHeld } from './failure.ts';
import { after, type State, type Step } from './machine.ts';
import type { Role } from './steering.ts';
import type { Change, Store, Stored } from './store.ts';
import { startWaits, type Waits } from './waits.ts';

export interface EntryOptions {
  readonly store: Store;
  readonly lease: Lease;
  readonly role: Role;
  /** As it was when this process began. */
  readonly begun: Stored;
  readonly main: () => Session;
  readonly cancel: BatchCancel;
}

/** What the books say of the backfill as a whole. Where another process leads, this one writes nothing there. */
export interface Entry {
  readonly waits: Waits;
  state(): State;
  /** Writes under the lease, also when a person's open transaction holds the row for a while. */
  write(change: Change): Promise<void>;
  /** The same, with the state that the step leads to. */
  step(step: Step, change: Change): Promise<void>;
  /** It was read again. */
  reloaded(stored: Stored): void;
}

const WRITE_WITHIN_MS = 30_000;

export function openEntry({ store, lease, role, begun, main, cancel }: EntryOptions): Entry {
  const { name } = begun;
  const waits = startWaits();
  let state = begun.state;
  const entry: Entry = {
    waits,
    state: () => state,
    async write(change) {
      if (role === 'further') return;
      const deadline = performance.now() + WRITE_WITHIN_MS;
      for (;;) {
        try {
          await underLease(main(), lease, async () => {
            await store.write(main(), name, change);
            await waits.write(main(), store.schema, name);
          });
          waits.written();
          state = change.state ?? state;
          return;
        } catch (error) {
          // The cancel was meant for the batch, which was over before it came.
          if (cancel.caused(error)) continue;
          if (sqlstate(error) !== SQLSTATE.lock_not_available) throw error;
          if (performance.now() > deadline) throw rowHeld(name, store.schema, error);
        }
      }
    },
    async step(step, change) {
      if (role === 'further') return;
      // A pause that was asked for is written by the steering; any state that it can have written leads on from here.
      const next = after(state, step);
      if (next === null) throw new Error(`a backfill that is ${state} cannot ${step}`);
      await entry.write({ state: next, ...change });
    },
    reloaded(stored) {
      state = stored.state;
    },
  };
  return entry;
}
