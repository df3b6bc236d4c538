import type { Session } from '../db/session.ts';
import type { Job } from './job.ts';
import { readLeaves } from './leaf.ts';
import { NO_PULSE, type Range, type Ranges } from './ranges.ts';

/**
 * Gives each table that is to be walked its range: a partition that was attached since gets a new one, and one that came back goes
 * on. In a transaction that asserts the lease; returns all ranges.
 */
export async function planRanges(session: Session, ranges: Ranges, job: Job): Promise<Range[]> {
  const leaves = await readLeaves(session, job);
  const before = await ranges.list(session);
  const known = new Set(before.map(({ tableOid }) => tableOid));
  const there = new Set(leaves.map(({ oid }) => oid));
  const added = leaves.filter(({ oid }) => !known.has(oid));
  await ranges.add(
    session,
    added.map(({ oid, shown }) => ({ tableOid: oid, table: shown, lower: null, upper: null })),
  );
  const back = before.filter(({ leftOut, tableOid }) => leftOut !== null && there.has(tableOid));
  for (const range of back) await ranges.advance(session, range, { ...range, done: false, leftOut: null }, NO_PULSE);
  return ranges.list(session);
}

/** Has ranges walked once more, each from the key that it is back at. In a transaction that asserts the lease. */
export async function reopenRanges(
  session: Session,
  ranges: Ranges,
  again: readonly Range[],
  pass: number,
): Promise<void> {
  const stored = await ranges.list(session);
  for (const { number, lastKey } of again) {
    const from = stored.find((range) => range.number === number);
    if (from !== undefined) await ranges.advance(session, from, { ...from, pass, lastKey, done: false }, NO_PULSE);
  }
}
