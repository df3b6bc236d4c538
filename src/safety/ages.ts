import { type Holder, holderKey } from './blockers.ts';

export interface Oldest {
  readonly holder: Holder;
  readonly key: string;
  readonly ageMs: number;
}

/**
 * The oldest of the holders. One whose age the server hides is as old as we have seen it; when it was not there at the look before, it is
 * at most as old as that look, and at the first look it may be of any age. A vacuum that does not yield is as good as one of any age.
 */
export function watchAges(): (holders: readonly Holder[], now: number) => Oldest | null {
  let firstSeen = new Map<string, number>();
  let lastLook = -Infinity;
  return (holders, now) => {
    const seen = new Map<string, number>();
    let oldest: Oldest | null = null;
    for (const holder of holders) {
      const key = holderKey(holder);
      const since = firstSeen.get(key) ?? lastLook;
      seen.set(key, since === -Infinity ? now : since);
      const ageMs = holder.kind === 'wraparound-vacuum' ? Infinity : (holder.transactionAgeMs ?? now - since);
      if (oldest === null || ageMs > oldest.ageMs) oldest = { holder, key, ageMs };
    }
    firstSeen = seen;
    lastLook = now;
    return oldest;
  };
}
