import type { Oldest } from './ages.ts';

/** What the looks and tries have shown, when the lock could not be had. */
export interface StallVerdict {
  readonly medianAgeMs: number | null;
  readonly enoughStallMs: number | null;
}

/** Learns from looks and failed tries how long traffic would have to wait for a lock that cannot be had with less. */
export interface EnoughStall {
  looked(oldest: Oldest | null): void;
  /** A try stood in line for so long, in vain. */
  failed(patienceMs: number): void;
  verdict(): StallVerdict;
}

/** Holders of this age are not waited out, they are waited for. */
const LONG_MS = 4_000;

/** From so many holders on, one after the other, the age at which they are found tells how long they stay. */
const ENOUGH_HOLDERS = 3;

/** To what `--max-stall` is rounded up. */
const STEP_MS = 50;

export function watchEnoughStall(): EnoughStall {
  const oldestAges: number[] = [];
  /** By holder, the greatest age it was seen to reach. */
  const lifetimes = new Map<string, number>();
  let longestTryMs = 0;
  return {
    looked(oldest) {
      oldestAges.push(oldest?.ageMs ?? 0);
      if (oldest !== null) lifetimes.set(oldest.key, Math.max(oldest.ageMs, lifetimes.get(oldest.key) ?? 0));
    },
    failed(patienceMs) {
      longestTryMs = Math.max(longestTryMs, patienceMs);
    },
    verdict() {
      if (lifetimes.size < ENOUGH_HOLDERS) return { medianAgeMs: null, enoughStallMs: null };
      const medianAgeMs = quantile(oldestAges, 0.5);
      // With half of it in line every second look makes a try. Where tries fail too, one must outlast a whole transaction.
      const enough = Math.max(medianAgeMs / 2, longestTryMs === 0 ? 0 : quantile([...lifetimes.values()], 0.75));
      return {
        medianAgeMs: Number.isFinite(medianAgeMs) ? medianAgeMs : null,
        enoughStallMs: enough <= LONG_MS / 2 ? Math.ceil(enough / STEP_MS) * STEP_MS : null,
      };
    },
  };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Infinity;
}
