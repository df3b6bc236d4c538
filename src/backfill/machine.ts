/** What a backfill is doing. */
export const STATES = {
  pending: 'registered, not started',
  running: 'walking through the keys',
  throttled: 'held up by a signal; it goes on by itself',
  pausing: 'asked to pause; the batch at work is the last one',
  paused: 'stopped after a batch; running it again continues there, after resume where a person asked for the pause',
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
  /** What leads to it. */
  readonly when: string;
}

/** The states that only a process can leave; found without a process, it was killed. */
const AT_WORK = ['running', 'throttled', 'pausing'] as const satisfies readonly State[];

const TRANSITIONS = {
  start: {
    from: ['pending', 'paused', 'failed', 'cancelled', ...AT_WORK],
    to: 'running',
    when: 'a process has the lease, and nobody wants it paused or cancelled',
  },
  throttle: { from: ['running', 'throttled'], to: 'throttled', when: 'a signal says stop' },
  go: { from: AT_WORK, to: 'running', when: 'the signals say go again, or the pause was taken back in time' },
  'ask-pause': { from: AT_WORK, to: 'pausing', when: "desired_state is 'paused'" },
  pause: {
    from: ['pending', 'paused', ...AT_WORK],
    to: 'paused',
    when: 'the last batch is done, after a request, Ctrl-C, SIGTERM or SIGHUP, or five batches in a row failed',
  },
  // Done once more where the connection broke while its COMMIT was answered.
  finish: { from: [...AT_WORK, 'succeeded'], to: 'succeeded', when: 'no key is left' },
  fail: {
    from: [...AT_WORK, 'failed'],
    to: 'failed',
    when: 'the table, a column or a privilege is gone, rows are left after the last pass, or the chain of checkpoints is broken',
  },
  cancel: {
    from: ['pending', 'paused', 'failed', 'cancelled', ...AT_WORK],
    to: 'cancelled',
    when: "desired_state is 'cancelled', and the last batch is done",
  },
} as const satisfies Readonly<Record<string, Transition>>;

/** Every state, what it means, and from where and when it is reached, as text. */
export function describeMachine(): string {
  const reached = (state: State): string[] =>
    Object.values<Transition>(TRANSITIONS)
      .filter(({ to }) => to === state)
      .map(({ from, to, when }) => `  from ${from.filter((one) => one !== to).join(', ')}: ${when}`);
  return (Object.keys(STATES) as State[])
    .flatMap((state) => [`${state}: ${STATES[state]}`, ...reached(state)])
    .join('\n');
}

export type Step = keyof typeof TRANSITIONS;

/** The state after a step; null where the step is not possible. */
export function after(state: State, step: Step): State | null {
  const { from, to }: Transition = TRANSITIONS[step];
  return from.includes(state) ? to : null;
}

export function isAtWork(state: State): boolean {
  return AT_WORK.some((working) => working === state);
}
