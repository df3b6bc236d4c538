import type { Bounds, Key, KeyRange } from './batches.ts';
import { blockOf, blockStart, DENSEST, isBlockStart, isCtid } from './ctid.ts';
import type { Leaf } from './leaf.ts';

/** How densely rows lie where a table without a key is walked: so many in so many blocks, counted in a batch that changed them all. */
export interface Density {
  /** The table's oid. */
  readonly of: string;
  readonly keys: number;
  readonly blocks: number;
}

/** A stretch of places whose rows nobody has counted. */
export type Likely = KeyRange & { readonly after: Key; readonly keys: number };

/** In few blocks one that is fuller than others makes a difference. */
const FEWEST_BLOCKS = 16;
/** A little less than wanted, since blocks differ. */
const AIM = 0.95;
const STEADY = 0.1;

/**
 * The next places by the density of those before them: to count their rows first takes a tenth of the time that changing them takes. Null
 * where they have to be counted, and so wherever full blocks would hold more than the `bearable` keys.
 */
export function likelyPlaces(
  { oid, key }: Pick<Leaf, 'oid' | 'key'>,
  { after, upper }: Bounds,
  {
    keys: wanted,
    density,
    bearable,
  }: { readonly keys: number; readonly density: Density | null; readonly bearable: number },
): Likely | null {
  if (density?.of !== oid || after === null || upper === null || key[0]?.places?.inLists !== false) return null;
  const blocks = Math.floor((AIM * wanted * density.blocks) / density.keys);
  const left = blockOf(upper) - blockOf(after);
  if (blocks < FEWEST_BLOCKS || left <= 0 || blocks * DENSEST > bearable) return null;
  const taken = Math.min(blocks, left);
  const keys = Math.max(1, Math.round((taken * density.keys) / density.blocks));
  return { after, upTo: blockStart(blockOf(after) + taken), keys };
}

/** Whether a batch by that density changed about as many rows as it was to; else those of the next one are counted. */
export function isSteady({ keys }: Likely, rows: number): boolean {
  return Math.abs(rows - keys) <= STEADY * keys;
}

/** The density that a batch of counted rows shows; null where not all of them changed, or it does not end with a block. */
export function densityOf(
  { oid, key }: Pick<Leaf, 'oid' | 'key'>,
  { after, upTo, keys }: KeyRange & { readonly keys: number },
  rows: number,
): Density | null {
  if (!isCtid(key)) return null;
  const isWhole = after !== null && isBlockStart(after) && isBlockStart(upTo);
  const blocks = isWhole ? blockOf(upTo) - blockOf(after) : 0;
  return blocks >= FEWEST_BLOCKS && rows >= (1 - STEADY) * keys ? { of: oid, keys, blocks } : null;
}
