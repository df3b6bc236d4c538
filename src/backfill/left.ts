import type { Session } from '../db/session.ts';
import { EVERYWHERE, type Key } from './batches.ts';
import type { Job } from './job.ts';
import { readLeaf, readLeaves } from './leaf.ts';
import { type Remaining, countRemaining, provedAtOnce } from './remaining.ts';

/** Keys of one table to count in. */
export interface Stretch {
  readonly tableOid: string;
  readonly lower: Key | null;
  readonly upper: Key | null;
}

export interface CountRequest<S extends Stretch> {
  readonly job: Pick<Job, 'statement' | 'target'>;
  readonly stretches: readonly S[];
  /** Keys to count at a time. */
  readonly keys: number;
  /** Asked before each range; null is returned once it answers false. */
  readonly mayGoOn: () => Promise<boolean>;
  /** Told where rows are left, and after which key the first of them. */
  readonly onLeft?: (stretch: S, after: Key | null) => void;
}

/** Counts the rows that the statement would still change, table after table; it only reads. */
export async function countLeft<S extends Stretch>(
  session: Session,
  request: CountRequest<S>,
): Promise<Remaining | null> {
  const { job, stretches, keys, mayGoOn, onLeft } = request;
  const { statement } = job;
  if (statement.progress.kind === 'cannot-tell') return statement.progress;
  if (!(await mayGoOn())) return null;
  if (await provedAtOnce(session, job)) return { kind: 'proved' };
  let rows = 0;
  for (const stretch of stretches) {
    const leaf = await readLeaf(session, job, stretch.tableOid);
    if (leaf === null) continue;
    const within = { after: stretch.lower, upper: stretch.upper };
    const found = await countRemaining(session, { statement: leaf.statement, target: leaf, within, keys, mayGoOn });
    if (found?.kind !== 'left') {
      if (found?.kind !== 'proved') return found;
      continue;
    }
    rows += found.rows;
    onLeft?.(stretch, found.after);
  }
  return rows === 0 ? { kind: 'proved' } : { kind: 'left', rows };
}

/** All keys of all tables. */
export async function wholeWalk(session: Session, job: Pick<Job, 'statement' | 'target'>): Promise<Stretch[]> {
  return (await readLeaves(session, job)).map(({ oid }) => ({
    tableOid: oid,
    lower: EVERYWHERE.after,
    upper: EVERYWHERE.upper,
  }));
}
