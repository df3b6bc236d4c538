import type { Session } from '../db/session.ts';
import { blockStart, isCtid, readExtent } from './ctid.ts';
import type { Job } from './job.ts';
import { readLeaves } from './leaf.ts';
import { type NewRange, NO_PULSE, type Range, type Ranges } from './ranges.ts';

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
  for (const { oid, shown } of added) await ranges.add(session, [await wholeTable(session, job, oid, shown)]);
  const back = before.filter(({ leftOut, tableOid }) => leftOut !== null && there.has(tableOid));
  for (const range of back)
    await ranges.advance(session, range, { ...range, done: false, leftOut: null, claimedBy: null }, NO_PULSE);
  return ranges.list(session);
}

async function wholeTable(session: Session, { target }: Job, oid: string, table: string): Promise<NewRange> {
  if (!isCtid(target.key)) return { tableOid: oid, table, lower: null, upper: null, walkTo: null, file: null };
  const { blocks, file } = await readExtent(session, oid);
  return { tableOid: oid, table, lower: blockStart(0), upper: null, walkTo: blockStart(blocks), file };
}

/** A range of a table without a key as it begins again: up to where the table ends now. */
export async function toEndOfTable(session: Session, range: Range): Promise<Range> {
  if (range.walkTo === null) return range;
  const { blocks, file } = await readExtent(session, range.tableOid);
  return { ...range, walkTo: blockStart(blocks), file };
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
    if (from === undefined) continue;
    const to = await toEndOfTable(session, { ...from, pass, lastKey, done: false, claimedBy: null });
    await ranges.advance(session, from, to, NO_PULSE);
  }
}
