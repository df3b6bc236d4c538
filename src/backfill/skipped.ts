import { sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { type Lease, underLease } from '../safety/lease.ts';
import { CheckpointMoved } from './batch.ts';
import { type Key, keySql } from './batches.ts';
import { describeFailure } from './failure.ts';
import type { Job } from './job.ts';
import { type Leaf, readLeaf, readLeafName } from './leaf.ts';
import { NO_PULSE, type Range, type Ranges } from './ranges.ts';
import { findRange } from './remaining.ts';

/** A key whose row cannot be changed: left out, to be tried again at the end of each walk. */
export interface SkippedKey {
  readonly tableOid: string;
  readonly table: string;
  readonly key: Key;
  readonly error: string;
}

export interface SkipParts {
  readonly job: Job;
  readonly schema: string;
  readonly ranges: Ranges;
  readonly lease: Lease;
}

/**
 * Leaves out the key at which a range stands, and moves the checkpoint behind it, in one transaction. Null where another key has come
 * before it meanwhile, which is to be done first.
 */
export async function skipKey(
  session: Session,
  { job, schema, ranges, lease }: SkipParts,
  {
    leaf,
    range,
    key,
    error,
  }: { readonly leaf: Leaf; readonly range: Range; readonly key: Key; readonly error: unknown },
): Promise<Range | null> {
  return underLease(session, lease, async () => {
    const next = await findRange(session, leaf, { after: range.lastKey ?? range.lower, upper: key }, 1);
    if (next?.upTo.join('\0') !== key.join('\0')) return null;
    await writeSkipped(session, schema, job.name, { leaf, key, error });
    const moved = {
      ...range,
      lastKey: key,
      rowsVisited: range.rowsVisited + 1,
      batches: range.batches + 1,
      batchKeys: 1,
    };
    if (!(await ranges.advance(session, range, moved, NO_PULSE))) throw new CheckpointMoved();
    return moved;
  });
}

/** Runs the statement for a key that was left out; its row, counts and the end of its being left out commit together. */
export async function retryKey(
  session: Session,
  { job, schema, ranges, lease }: SkipParts,
  { tableOid, key }: SkippedKey,
): Promise<number> {
  return underLease(session, lease, async () => {
    const leaf = await readLeaf(session, job, tableOid);
    // A partition that was detached may come back, without the row having been changed.
    if (leaf === null && (await readLeafName(session, tableOid)) !== null) return 0;
    // Before the row: it waits for a COMMIT of the same that was on its way when the connection broke.
    const entry = await session.run(
      `DELETE FROM ${quoteIdent(schema)}.backfill_skipped WHERE backfill = $1 AND table_oid = $2 AND key = $3`,
      [job.name, tableOid, key],
    );
    if (leaf === null || entry.rowCount !== 1) return 0;
    const { rowCount = 0 } = await session.run(keySql(leaf.statement, leaf.key), key);
    const range = (await ranges.list(session)).find((one) => one.tableOid === tableOid);
    if (range === undefined || rowCount === 0) return 0;
    const to = { ...range, rowsDone: range.rowsDone + rowCount, batches: range.batches + 1 };
    if (!(await ranges.advance(session, range, to, NO_PULSE))) throw new CheckpointMoved();
    return rowCount;
  });
}

/** Writes down the error of a key, also when it was left out before. */
export async function writeSkipped(
  session: Session,
  schema: string,
  backfill: string,
  { leaf, key, error }: { readonly leaf: Pick<Leaf, 'oid' | 'shown'>; readonly key: Key; readonly error: unknown },
): Promise<void> {
  await session.query(
    `INSERT INTO ${quoteIdent(schema)}.backfill_skipped AS s (backfill, table_oid, table_name, key, error, sqlstate)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (backfill, table_oid, key) DO UPDATE SET error = excluded.error, sqlstate = excluded.sqlstate, at = excluded.at`,
    [backfill, leaf.oid, leaf.shown, key, describeFailure(error), sqlstate(error) ?? ''],
  );
}

/** After a restore: each table is the one that has its name now. */
export async function rebindSkipped(session: Session, schema: string, backfill: string): Promise<void> {
  await session.query(
    `UPDATE ${quoteIdent(schema)}.backfill_skipped s SET table_oid = c.oid
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE s.backfill = $1 AND n.nspname || '.' || c.relname = s.table_name`,
    [backfill],
  );
}

/** The keys that are left out, in the order in which they were met. */
export async function readSkipped(session: Session, schema: string, backfill: string): Promise<SkippedKey[]> {
  const rows = await session.query<{ tableOid: string; table: string; key: string; error: string }>(
    `SELECT table_oid::pg_catalog.text AS "tableOid", table_name AS "table", pg_catalog.to_json(key) AS key, error
       FROM ${quoteIdent(schema)}.backfill_skipped WHERE backfill = $1 ORDER BY at, backfill_skipped.key`,
    [backfill],
  );
  return rows.map((row) => ({ ...row, key: JSON.parse(row.key) as string[] }));
}

/** How many keys are left out; of some tables alone, where it is said which. */
export async function countSkipped(
  session: Session,
  schema: string,
  backfill: string,
  tables: readonly { readonly oid: string }[] | null = null,
): Promise<number> {
  const [row] = await session.query<{ count: number }>(
    `SELECT pg_catalog.count(*)::pg_catalog.int4 AS count FROM ${quoteIdent(schema)}.backfill_skipped
      WHERE backfill = $1 AND ($2::pg_catalog.oid[] IS NULL OR table_oid = ANY ($2))`,
    [backfill, tables?.map(({ oid }) => oid) ?? null],
  );
  return row?.count ?? 0;
}
