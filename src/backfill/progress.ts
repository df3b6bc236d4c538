import type { Batch } from './batch.ts';
import type { Progress } from './store.ts';

/** What others have done is known a moment later than one's own. */
export function furthest(own: Progress, all: Progress): Progress {
  return all.rowsVisited > own.rowsVisited ? all : own;
}

export function added(before: Progress, { keys, rows, range }: Pick<Batch, 'keys' | 'rows' | 'range'>): Progress {
  const rowsVisited = before.rowsVisited + keys;
  const beyond = before.rowsTotal !== null && rowsVisited > before.rowsTotal;
  return {
    ...before,
    rowsDone: before.rowsDone + rows,
    rowsVisited,
    rowsTotal: beyond ? rowsVisited : before.rowsTotal,
    rowsTotalExact: before.rowsTotalExact && !beyond,
    batches: before.batches + 1,
    batchKeys: range.batchKeys,
  };
}
