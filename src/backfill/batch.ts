import type { Session } from '../db/session.ts';
import { type Lease, underLease } from '../safety/lease.ts';
import { qualify } from '../postgres/quote.ts';
import { type Key, type KeyRange, rangeValues } from './batches.ts';
import { isCtid, readExtent } from './ctid.ts';
import { type Density, densityOf, isSteady, type Likely, likelyPlaces } from './density.ts';
import type { Job } from './job.ts';
import type { Leaf } from './leaf.ts';
import type { BatchMeasure } from './pace.ts';
import type { Pulse, Range, Ranges } from './ranges.ts';
import { findRange } from './remaining.ts';
import { nameOf, tableOid, type Target } from './target.ts';

export interface Batch extends BatchMeasure {
  /** With its new checkpoint. */
  readonly range: Range;
  /** For the next one of a table without a key; null where its rows have to be counted. */
  readonly density: Density | null;
  /** Places that nobody had counted held more rows than wanted, and it was rolled back first. */
  readonly misjudged: boolean;
}

/** What the next batch is to be. */
interface Wanted {
  readonly keys: number;
  /** Of the batch before it; null where rows are to be counted. */
  readonly density: Density | null;
  /** How many keys may be changed and rolled back where nobody has counted them. */
  readonly bearable: number;
  readonly pulse: Pulse;
  readonly onKeys?: (upTo: Key) => void;
}

interface Parts {
  readonly job: Job;
  readonly leaf: Leaf;
  readonly ranges: Ranges;
  readonly lease: Lease;
}

type Changed = Pick<Batch, 'keys' | 'rows' | 'range'>;

/** More rows lay in places that nobody had counted than a batch may change. */
class MoreThanWanted extends Error {}

/** The checkpoint in the database is not the one that this batch began at. */
export class CheckpointMoved extends Error {
  constructor() {
    super('the checkpoint in the database has moved');
    this.name = 'CheckpointMoved';
  }
}

/** A partition is none any more, or is called otherwise by now. */
export class LeafMoved extends Error {
  constructor(leaf: string) {
    super(`${leaf} is no longer the partition that is walked`);
    this.name = 'LeafMoved';
  }
}

/** The rows of a table without a key have all moved: VACUUM FULL, CLUSTER, or an ALTER TABLE that writes it anew. */
export class TableRewritten extends Error {
  constructor(table: string) {
    super(`${table} was rewritten, its rows are elsewhere now`);
    this.name = 'TableRewritten';
  }
}

/** The statement's table is not the one that the walk goes over. */
export class TableReplaced extends Error {
  constructor(table: string) {
    super(`${table} is not the table that is walked`);
    this.name = 'TableReplaced';
  }
}

/**
 * Runs the statement for the next keys of a range. The rows, the checkpoint and the check of the lease are one transaction. Null when
 * no key is left.
 */
export async function runBatch(session: Session, parts: Parts, from: Range, wanted: Wanted): Promise<Batch | null> {
  const began = performance.now();
  const { leaf } = parts;
  const within = { after: from.lastKey ?? from.lower, upper: from.upper ?? from.walkTo };
  const likely = likelyPlaces(leaf, within, wanted);
  if (likely !== null) {
    const done = await tryPlaces(session, parts, from, wanted, likely);
    const density = done !== null && isSteady(likely, done.rows) ? wanted.density : null;
    if (done !== null) return { ...done, density, misjudged: false, ms: performance.now() - began, wal: null };
  }
  const keys = await findRange(session, leaf, within, wanted.keys);
  if (keys === null) return null;
  const done = await changeRows(session, parts, from, wanted, keys);
  const density = densityOf(leaf, keys, done.rows);
  return { ...done, density, misjudged: likely !== null, ms: performance.now() - began, wal: null };
}

/** Null, and nothing done, where more rows than wanted lie there. */
async function tryPlaces(
  session: Session,
  parts: Parts,
  from: Range,
  wanted: Wanted,
  likely: Likely,
): Promise<Changed | null> {
  try {
    return await changeRows(session, parts, from, wanted, likely, wanted.keys);
  } catch (error) {
    if (error instanceof MoreThanWanted) return null;
    throw error;
  }
}

async function changeRows(
  session: Session,
  { job, leaf, ranges, lease }: Parts,
  from: Range,
  wanted: Wanted,
  keys: KeyRange & { readonly keys: number },
  most = Infinity,
): Promise<Changed> {
  const { statement, target } = job;
  wanted.onKeys?.(keys.upTo);
  return underLease(session, lease, async () => {
    const { rowCount: rows = 0 } = await session.run(
      keys.after === null ? leaf.sql.first : leaf.sql.next,
      rangeValues(keys),
    );
    if (rows > most) throw new MoreThanWanted();
    // Only now, with the locks that the statement took, do names stay with their tables until the end.
    if (leaf.oid !== target.oid) await requirePartition(session, target, leaf);
    // Of places that nobody has counted, those of the rows that changed were there.
    const visited = isCtid(leaf.key) ? Math.max(keys.keys, rows) : keys.keys;
    const range = advanced(from, { upTo: keys.upTo, keys: visited, rows, size: wanted.keys });
    if (!(await ranges.advance(session, from, range, wanted.pulse, { name: nameOf(statement), oid: target.oid })))
      throw await whyNotAdvanced(session, job, leaf, from);
    return { keys: visited, rows, range };
  });
}

async function whyNotAdvanced(
  session: Session,
  { statement, target }: Job,
  leaf: Leaf,
  { file }: Range,
): Promise<Error> {
  if ((await tableOid(session, statement)) !== target.oid) return new TableReplaced(target.shown);
  const isRewritten = file !== null && (await readExtent(session, leaf.oid)).file !== file;
  return isRewritten ? new TableRewritten(leaf.shown) : new CheckpointMoved();
}

async function requirePartition(session: Session, target: Target, leaf: Leaf): Promise<void> {
  const [same] = await session.query(
    `SELECT FROM pg_catalog.pg_partition_ancestors(pg_catalog.to_regclass($1)) AS a (oid)
      WHERE a.oid = $2::pg_catalog.oid AND pg_catalog.to_regclass($1)::pg_catalog.oid = $3`,
    [qualify(leaf.table.schema, leaf.table.name), target.oid, leaf.oid],
  );
  if (same === undefined) throw new LeafMoved(leaf.shown);
}

function advanced(
  from: Range,
  { upTo, keys, rows, size }: { upTo: Key; keys: number; rows: number; size: number },
): Range {
  return {
    ...from,
    lastKey: upTo,
    rowsDone: from.rowsDone + rows,
    rowsVisited: from.rowsVisited + keys,
    batches: from.batches + 1,
    batchKeys: size,
  };
}
