/** What a backfill is doing. */
export const STATES = {
  pending: 'registered, not started',
  running: 'walking through the keys',
  throttled: 'held up by a signal; it goes on by itself',
  pausing: 'asked to pause; the batch at work is the last one',
  paused: 'stopped after a batch; running it again continues there',
  succeeded: 'every key was visited',
  failed: 'stopped by something that trying again will not change',
  cancelled: 'given up by a person; what was done stays done',
} as const;

export type State = keyof typeof STATES;

/** What people ask for. The process that runs the backfill gets there, or it stays asked for until one is started. */
export const DESIRED_STATES = ['running', 'paused', 'cancelled'] as const;

export type DesiredState = (typeof DESIRED_STATES)[number];

interface Transition {
  readonly from: readonly State[];
  readonly to: State;
}

/** The states that only a process can leave; found without a process, it was killed. */
const AT_WORK = ['running', 'throttled', 'pausing'] as const satisfies readonly State[];

const TRANSITIONS = {
  start: { from: ['pending', 'paused', 'failed', 'cancelled', ...AT_WORK], to: 'running' },
  throttle: { from: ['running', 'throttled'], to: 'throttled' },
  go: { from: AT_WORK, to: 'running' },
  'ask-pause': { from: AT_WORK, to: 'pausing' },
  pause: { from: ['pending', 'paused', ...AT_WORK], to: 'paused' },
  finish: { from: AT_WORK, to: 'succeeded' },
  fail: { from: AT_WORK, to: 'failed' },
  cancel: { from: ['pending', 'paused', 'failed', 'cancelled', ...AT_WORK], to: 'cancelled' },
} as const satisfies Readonly<Record<string, Transition>>;

export type Step = keyof typeof TRANSITIONS;

/** The state after a step; null where the step is not possible. */
export function after(state: State, step: Step): State | null {
  const { from, to }: Transition = TRANSITIONS[step];
  return from.includes(state) ? to : null;
}

export function isAtWork(state: State): boolean {
  return AT_WORK.some((working) => working === state);
}
