import type { Session } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { assertLease, type Lease } from '../safety/lease.ts';
import { rangeValues } from './batches.ts';
import type { Job } from './job.ts';
import type { BatchMeasure } from './pace.ts';
import type { Progress, Pulse, Store } from './store.ts';
import { findRange } from './remaining.ts';
import { tableOid } from './target.ts';

export interface Batch extends BatchMeasure {
  readonly progress: Progress;
}

/** The checkpoint in the database is not the one that this batch began at. */
export class CheckpointMoved extends Error {
  constructor() {
    super('the checkpoint in the database has moved');
    this.name = 'CheckpointMoved';
  }
}

/** The statement's table is not the one that the walk goes over: someone has put another one under its name. */
export class TableReplaced extends Error {
  constructor(table: string) {
    super(`${table} is another table than the one it was started on`);
    this.name = 'TableReplaced';
  }
}

/**
 * Runs the statement for the next range of keys. The rows, the checkpoint and the check of the lease are one transaction. Null when
 * no key is left.
 */
export async function runBatch(
  session: Session,
  { job, store, lease }: { readonly job: Job; readonly store: Store; readonly lease: Lease },
  from: Progress,
  wanted: { readonly keys: number; readonly pulse: Pulse },
): Promise<Batch | null> {
  const began = performance.now();
  const { name, sql, target, statement } = job;
  const range = await findRange(session, target, from.lastKey, wanted.keys);
  if (range === null) return null;
  const { rows, progress } = await withTransaction(session, async () => {
    await assertLease(session, lease);
    const { rowCount = 0 } = await session.run(range.after === null ? sql.first : sql.next, rangeValues(range));
    // Only now, with the lock that the statement took, does the name stay with its table until the end.
    if ((await tableOid(session, statement)) !== target.oid) throw new TableReplaced(target.shown);
    const progress = advanced(from, { upTo: range.upTo, keys: range.keys, rows: rowCount, size: wanted.keys });
    if (!(await store.advance(session, name, from, progress, wanted.pulse))) throw new CheckpointMoved();
    return { rows: rowCount, progress };
  });
  return { keys: range.keys, rows, ms: performance.now() - began, progress };
}

function advanced(
  from: Progress,
  { upTo, keys, rows, size }: { upTo: readonly string[]; keys: number; rows: number; size: number },
): Progress {
  const rowsVisited = from.rowsVisited + keys;
  const beyond = from.rowsTotal !== null && rowsVisited > from.rowsTotal;
  return {
    ...from,
    lastKey: upTo,
    rowsDone: from.rowsDone + rows,
    rowsVisited,
    rowsTotal: beyond ? rowsVisited : from.rowsTotal,
    rowsTotalExact: from.rowsTotalExact && !beyond,
    batches: from.batches + 1,
    batchKeys: size,
  };
}
