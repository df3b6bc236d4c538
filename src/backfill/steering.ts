import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionLost } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { after, type DesiredState, isAtWork, type State } from './machine.ts';
import type { Settings } from './settings.ts';
import { shareOf, workersSharing, workersWaiting } from './share.ts';
import { type Heard, readSignals, type Signal } from './signals/signal.ts';
import type { Progress, Store, Stored } from './store.ts';

/** What the loop is to do next. */
export type Order =
  | { readonly kind: 'go' }
  | { readonly kind: 'slow'; readonly times: number; readonly reason: string; readonly signal: string }
  | { readonly kind: 'wait'; readonly reason: string; readonly signal: string }
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'cancel'; readonly reason: string }
  /** The control connection broke, or what it looks at is gone. */
  | { readonly kind: 'broken'; readonly error: unknown };

/** Looks at what people ask for and what the signals say, so that the loop only has to ask. */
export interface Steering {
  order(): Order;
  /** With this worker's share of what all of them may do. */
  settings(): Settings;
  /** How far all workers together have come, as of the last look. */
  progress(): Progress;
  /** How many workers had nothing to do then, on all machines, and are to get a part of what this one is at. */
  waiting(): number;
  /** Resolves after that time, or as soon as the order or the settings may have changed since `order` was asked. */
  change(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** Of several workers one leads: it alone says in the books what the backfill as a whole is doing. */
export type Role = 'leads' | 'further';

export interface SteeringOptions {
  readonly store: Store;
  readonly name: string;
  /** The control connection. */
  readonly session: Session;
  readonly signals: readonly Signal[];
  readonly ownPids: readonly number[];
  readonly settings: Settings;
  readonly progress: Progress;
  readonly role: Role;
  /** The name of this worker's. */
  readonly lease: string;
  /** Aborted to pause after the batch; its reason is shown. */
  readonly pause: AbortSignal;
}

/** The reason of a pause that a person asked for; only a person ends it. */
export const ASKED_TO_PAUSE = 'asked to pause';

const REQUESTS: Readonly<Record<DesiredState, Order>> = {
  running: { kind: 'go' },
  paused: { kind: 'pause', reason: ASKED_TO_PAUSE },
  cancelled: { kind: 'cancel', reason: 'asked to cancel' },
};

/** Well within the second in which a request has to be seen; a standby falls behind by no more than that unseen. */
const LOOK_MS = 400;

/** Older signals are not to be trusted. */
const STALE_MS = 5_000;

/** Starts looking, after a first look. */
export async function startSteering(options: SteeringOptions): Promise<Steering> {
  const { store, name, session, signals, ownPids, pause, role } = options;
  const stopped = new AbortController();
  let settings = options.settings;
  let progress = options.progress;
  let waiting = 0;
  let asked: Order = { kind: 'go' };
  let verdict: Heard = { kind: 'go' };
  let lookedAt = performance.now();
  let wake = new AbortController();

  const look = async (): Promise<void> => {
    const before = JSON.stringify([asked, settings]);
    const stored = await store.load(session, name);
    if (stored === null) {
      throw new Problem(
        `The backfill ${name} is no longer in ${store.schema}.backfill; nothing is written without its checkpoint.`,
        {
          exitCode: 1,
          advice:
            'If its row was deleted by mistake, look up the last checkpoint before you start it again: it would begin anew.',
        },
      );
    }
    settings = shareOf(stored.settings, await workersSharing(session, store.schema, name, options.lease));
    progress = stored.progress;
    waiting = await workersWaiting(session, store.schema, name, options.lease);
    // Written before the loop hears of it, so that it cannot overwrite what the loop writes when the pause is reached.
    const state = role === 'leads' ? requestedState(stored) : null;
    if (state !== null && state !== stored.state) await store.write(session, name, { state });
    asked = REQUESTS[stored.desiredState];
    if (role === 'further' && asked.kind === 'go' && !isAtWork(stored.state)) {
      asked = { kind: 'pause', reason: `it is ${stored.state}` };
    }
    // People do not have to wait for the signals.
    if (JSON.stringify([asked, settings]) !== before) wake.abort();
    const heard = JSON.stringify(verdict);
    verdict = await readSignals(signals, session, { settings, ownPids });
    lookedAt = performance.now();
    if (JSON.stringify(verdict) !== heard) wake.abort();
  };

  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      try {
        await look();
      } catch (error) {
        if (error instanceof Problem || isConnectionLost(error)) {
          asked = { kind: 'broken', error };
          wake.abort();
          return;
        }
        verdict = {
          kind: 'stop',
          signal: 'signals',
          reason: `cannot look at the requests: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    }
  };

  await look();
  const watching = watch();
  const onPause = (): void => wake.abort();
  pause.addEventListener('abort', onPause);

  return {
    order() {
      // What changes from here on ends the next sleep at once, also where that begins later.
      if (wake.signal.aborted) wake = new AbortController();
      if (asked.kind === 'cancel' || asked.kind === 'broken') return asked;
      if (pause.aborted) return { kind: 'pause', reason: String(pause.reason) };
      if (asked.kind !== 'go') return asked;
      if (performance.now() - lookedAt > STALE_MS)
        return { kind: 'wait', reason: 'the signals could not be read for 5 s', signal: 'signals' };
      return verdict.kind === 'stop' ? { ...verdict, kind: 'wait' } : verdict;
    },
    settings: () => settings,
    progress: () => progress,
    waiting: () => waiting,
    async change(ms) {
      await sleep(ms, undefined, { signal: wake.signal }).catch(() => undefined);
    },
    async stop() {
      pause.removeEventListener('abort', onPause);
      stopped.abort();
      await watching;
    },
  };
}

/** The state that shows a request which is not reached yet; null for no other state than before. */
function requestedState({ state, desiredState }: Stored): State | null {
  if (desiredState === 'paused') return after(state, 'ask-pause');
  return desiredState === 'running' && state === 'pausing' ? after(state, 'go') : null;
}
