import { isCtid } from './ctid.ts';
import type { Ended } from './event.ts';
import type { Job } from './job.ts';
import type { Step } from './machine.ts';
import type { Remaining } from './remaining.ts';
import type { Change, Progress } from './store.ts';

/** How the work of one process came to its end. */
export interface End {
  readonly outcome: Ended['outcome'];
  readonly reason: string | null;
  readonly remaining: Remaining | null;
}

/** How each end is written down. */
export const LAST_STEP: Readonly<Record<End['outcome'], Step>> = {
  succeeded: 'finish',
  paused: 'pause',
  'gave-up': 'pause',
  cancelled: 'cancel',
  failed: 'fail',
};

/** What the books say at an end, beside the state. Where rows were walked by their places, not all of them were counted. */
export function closing({ outcome, reason }: End, { rowsVisited }: Progress, { target }: Pick<Job, 'target'>): Change {
  const always: Change = { throttledBy: null };
  if (outcome === 'succeeded') {
    return { ...always, lastError: null, finished: true, rowsTotal: { rows: rowsVisited, exact: !isCtid(target.key) } };
  }
  if (outcome === 'paused') return always;
  if (outcome === 'gave-up') return { ...always, lastError: reason };
  return { ...always, finished: true, ...(outcome === 'failed' ? { lastError: reason } : {}) };
}
