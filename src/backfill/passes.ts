import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { type Lease, underLease } from '../safety/lease.ts';
import type { BatchCancel } from './batch-cancel.ts';
import type { Key } from './batches.ts';
import { withChain } from './chain.ts';
import type { End } from './end.ts';
import type { BackfillEvent } from './event.ts';
import { describeFailure, isHopeless, isOfLocks, isOutage } from './failure.ts';
import { whyGone } from './gone.ts';
import type { Job } from './job.ts';
import { countLeft } from './left.ts';
import type { Permission } from './permission.ts';
import { reopenRanges } from './plan.ts';
import type { Range, Ranges } from './ranges.ts';
import type { Remaining } from './remaining.ts';
import type { Steering } from './steering.ts';
import type { Progress, Store } from './store.ts';
import { estimateRows } from './target.ts';

export interface PassesOptions {
  readonly job: Job;
  readonly store: Store;
  readonly lease: Lease;
  readonly ranges: Ranges;
  readonly main: () => Session;
  readonly cancel: BatchCancel;
  readonly permission: Permission;
  readonly emit: (event: BackfillEvent) => void;
}

/** Between one walk through the keys and the next. */
export interface Passes {
  /** How many passes were finished before this run: one that an earlier run left unfinished is one of this run's. */
  before(pass: number): Promise<number>;
  /** Counts what is left to do, or gives the end where the count was stopped. */
  verify(steering: Steering): Promise<Remaining | End>;
  /** Opens the ranges in which the count found rows, for one more pass. */
  open(progress: Progress, rowsLeft: number): Promise<Progress>;
}

const MOST_ATTEMPTS = 5;
const AGAIN_MS = 1_000;

export function startPasses(options: PassesOptions): Passes {
  const { job, store, lease, ranges, main, cancel, permission, emit } = options;
  /** Ranges in which the last count found rows, back at the key before the first. */
  let left: Range[] = [];
  const count = async (steering: Steering): Promise<Remaining | End> => {
    let end: End | null = null;
    const mayGoOn = async (): Promise<boolean> => {
      const order = await permission.ask(steering);
      end = 'outcome' in order ? order : null;
      return end === null;
    };
    const keys = steering.settings().maxBatchSize;
    const gone = await whyGone(main(), job);
    if (gone !== null) return { outcome: 'failed', reason: gone, remaining: null };
    const stretches = await ranges.list(main());
    left = [];
    const onLeft = (range: Range, lastKey: Key | null): void => void left.push({ ...range, lastKey });
    const remaining = await cancel.cancellably(() => countLeft(main(), { job, stretches, keys, mayGoOn, onLeft }));
    if (remaining !== null) return withChain(main(), { job, schema: store.schema, name: job.name }, remaining);
    return end ?? { outcome: 'paused', reason: 'the count was interrupted', remaining: null };
  };
  return {
    async before(pass) {
      const open = (await ranges.list(main())).some(({ done, leftOut }) => !done && leftOut === null);
      return open ? pass - 1 : pass;
    },
    async verify(steering) {
      if (job.statement.progress.kind === 'tells') emit({ event: 'verifying' });
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await count(steering);
        } catch (error) {
          if (!isSqlFailure(error) || isOutage(error)) throw error;
          if (cancel.wasAsked()) return { outcome: 'paused', reason: 'the count was cancelled', remaining: null };
          if (attempt >= MOST_ATTEMPTS || !isOfLocks(error)) return countFailed(error);
          emit({
            event: 'warning',
            message: `counting what is left failed: ${describeFailure(error)}; counting again`,
          });
          await steering.change(AGAIN_MS);
        }
      }
    },
    async open(progress, rowsLeft) {
      const { rows } = await estimateRows(main(), job.target);
      const pass = progress.pass + 1;
      const rowsTotal = { rows: progress.rowsVisited + rows, exact: false };
      await underLease(main(), lease, async () => {
        await reopenRanges(main(), ranges, left, pass);
        await store.write(main(), job.name, { rowsTotal });
      });
      emit({ event: 'pass', pass, rowsLeft });
      return { ...progress, pass, rowsTotal: rowsTotal.rows, rowsTotalExact: false };
    },
  };
}

/** All keys were walked, but an end that nobody could look at is none: counting is tried again when it is run again. */
function countFailed(error: unknown): End {
  const reason = `all keys were walked, but counting what is left failed: ${describeFailure(error)}`;
  return { outcome: isHopeless(error) ? 'failed' : 'gave-up', reason, remaining: null };
}
