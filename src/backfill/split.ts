import type { Session } from '../db/session.ts';
import { cutSql, type Key, stepValues } from './batches.ts';
import { blockOf, blockStart, isCtid, readExtent } from './ctid.ts';
import type { Job } from './job.ts';
import { type Leaf, readLeaf } from './leaf.ts';
import type { Range, Ranges } from './ranges.ts';

export interface SplitRequest {
  /** The lease of the one that cuts; its own range is cut, too. */
  readonly by: string;
  readonly job: Job;
  readonly ranges: Ranges;
  /** How many ranges there are to be. */
  readonly wanted: number;
  /** A range has at least about so many keys. */
  readonly leastKeys: number;
}

/** So that those who are done sooner, and those who join later, find more to do. */
const RANGES_EACH = 8;

export function rangesFor(workers: number): number {
  return workers * RANGES_EACH;
}

/** As many blocks are looked at, wherever they lie: enough to halve a table of any size within a few percent. */
const SAMPLED_BLOCKS = 300;

/**
 * Cuts what is left to walk into more ranges, so that several workers find one each. By a sample of the rows, so that gaps in the
 * keys and their types make no difference. In a transaction that asserts the lease.
 */
export async function splitRanges(session: Session, request: SplitRequest): Promise<void> {
  const { by, job, ranges, wanted } = request;
  const free = await ranges.lockFree(session, by);
  if (free.length >= wanted) return;
  const open: { readonly range: Range; readonly blocks: number }[] = [];
  for (const range of free) {
    open.push({ range, blocks: Math.max(1, (await readExtent(session, range.tableOid)).blocks) });
  }
  const total = open.reduce((sum, { blocks }) => sum + blocks, 0);
  for (const { range, blocks } of open) {
    const parts = Math.round((wanted * blocks) / total);
    const leaf = await readLeaf(session, job, range.tableOid);
    if (leaf === null || parts < 2) continue;
    const cuts = isCtid(leaf.key)
      ? cutsByBlock(range, parts)
      : await cutsBySample(session, range, leaf, { parts, blocks, leastKeys: request.leastKeys });
    for (const at of cuts.toReversed()) await ranges.cut(session, range, at);
  }
}

function cutsByBlock({ lastKey, lower, upper, walkTo }: Range, parts: number): Key[] {
  const from = blockOf(lastKey ?? lower ?? blockStart(0)) + 1;
  const to = blockOf(upper ?? walkTo ?? blockStart(0));
  const blocks = Array.from(
    { length: parts - 1 },
    (_, index) => from + Math.floor(((to - from) * (index + 1)) / parts),
  );
  return [...new Set(blocks)].filter((block) => block > from && block < to).map(blockStart);
}

async function cutsBySample(
  session: Session,
  { lastKey, lower, upper }: Range,
  leaf: Leaf,
  { parts, blocks, leastKeys }: { readonly parts: number; readonly blocks: number; readonly leastKeys: number },
): Promise<Key[]> {
  const within = { after: lastKey ?? lower, upper };
  const percent = Math.min(100, (100 * SAMPLED_BLOCKS) / blocks);
  const find = (into: number) =>
    session.query<Record<string, string>>(cutSql(leaf, within, percent), stepValues(into, within));
  let rows = await find(parts);
  const keys = (Number(rows[0]?.['found'] ?? 0) * 100) / percent;
  const most = Math.floor(keys / leastKeys);
  if (most < 2) return [];
  if (most < parts) rows = await find(most);
  return rows.map((row) => leaf.key.map((_, index) => row[`k${index + 1}`] ?? ''));
}
