import type { Session } from '../db/session.ts';
import {
  type Bounds,
  countSql,
  type Key,
  type KeyColumn,
  type KeyRange,
  stepSql,
  stepValues,
  type Walk,
} from './batches.ts';

/**
 * A table without a key is walked by where its rows lie. An update moves a row, to any place, so this is only for statements whose
 * WHERE leaves out what is done, and what was missed is found by another pass.
 */
export async function readCtidKey(session: Session, oid: string): Promise<readonly [KeyColumn]> {
  const [row] = await session.query<{ version: number; rowsPerBlock: string | null }>(
    `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version,
            CASE WHEN c.reltuples > 0 THEN c.reltuples / nullif(c.relpages, 0) END AS "rowsPerBlock"
       FROM pg_catalog.pg_class c WHERE c.oid = $1`,
    [oid],
  );
  const rowsPerBlock = row?.rowsPerBlock ?? null;
  return [
    {
      name: 'ctid',
      type: 'pg_catalog.tid',
      collation: null,
      places: {
        // TID range scans came with 14; before, only a list of places is found without reading the whole table.
        inLists: (row?.version ?? 0) < 140_000,
        rowsPerBlock: rowsPerBlock === null ? null : Number(rowsPerBlock),
      },
    },
  ];
}

export function isCtid(key: readonly KeyColumn[]): boolean {
  return key[0]?.name === 'ctid';
}

/** Before the first row of a block. */
export function blockStart(block: number): Key {
  return [`(${block},0)`];
}

/** How long the table is, in blocks, and which file it is in: another one after VACUUM FULL and the like, which moves all rows. */
export interface Extent {
  readonly blocks: number;
  readonly file: string | null;
}

export async function readExtent(session: Session, oid: string): Promise<Extent> {
  const [row] = await session.query<{ blocks: string; file: string | null }>(
    `SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8 AS blocks,
            pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.text AS file
       FROM pg_catalog.pg_class c WHERE c.oid = $1`,
    [oid],
  );
  return { blocks: Number(row?.blocks ?? 0), file: row?.file ?? null };
}

/** More rows than a block can have. */
export const DENSEST = 300;
/** Statistics of fewer rows in a block are not relied on: what would be looked at in one go could be all of the table. */
const SPARSEST = 10;
/** Blocks differ; what is a little less than wanted is taken as it is, and what is more has to be looked at again. */
const AIM = 0.9;
const ENOUGH = 0.75;
/** Over stretches with hardly any row the batch becomes longer instead of never growing again. */
const LONGEST_SEARCH_MS = 100;

/** The next rows by their place, about as many as wanted and no more; null when none is left. */
export async function findPlaces(
  session: Session,
  walk: Walk & { readonly oid: string },
  within: Bounds,
  wanted: number,
): Promise<(KeyRange & { readonly keys: number }) | null> {
  const after = within.after ?? blockStart(0);
  const upper = within.upper ?? blockStart((await readExtent(session, walk.oid)).blocks);
  const first = blockOf(after);
  // Of the last block it may be a part.
  const end = blockOf(upper) + (isBlockStart(upper) ? 0 : 1);
  const began = performance.now();
  let from = after;
  let found = 0;
  const density = Math.max(SPARSEST, walk.key[0]?.places?.rowsPerBlock ?? DENSEST);
  let blocks = Math.max(1, Math.floor((AIM * wanted) / density));
  for (let block = first; block < end;) {
    block = Math.min(block + blocks, end);
    const upTo = block === end ? upper : blockStart(block);
    const [row] = await session.query<{ count: string }>(countSql(walk), [...from, ...upTo]);
    found += Number(row?.count ?? 0);
    // Of one row its own place is wanted, which may be left out.
    if (found > wanted || (found === 1 && wanted === 1)) {
      const bounds = { after, upper: upTo };
      const [step] = await session.query<{ k1: string }>(stepSql(walk, bounds), stepValues(wanted, bounds));
      if (step !== undefined) return { after, upTo: [step.k1], keys: wanted };
    }
    const longEnough = found >= wanted * ENOUGH || performance.now() - began > LONGEST_SEARCH_MS;
    if (found > 0 && (longEnough || block === end)) return { after, upTo, keys: found };
    from = upTo;
    const scanned = block - first;
    blocks = Math.max(1, Math.min(scanned * 2, Math.ceil(((AIM * wanted - found) * scanned) / Math.max(1, found))));
  }
  return null;
}

export function isBlockStart([place = '']: Key): boolean {
  return place.endsWith(',0)');
}

export function blockOf([place = '']: Key): number {
  return Number(/^\((\d+),/.exec(place)?.[1] ?? 0);
}
