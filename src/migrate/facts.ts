import type { Blocker } from '../safety/blockers.ts';
import type { Try, Wait } from '../safety/lock.ts';
import { countStalls, type StallCount, type Stalls, type Waiter } from '../safety/stalls.ts';
import { NO_COST, type StatementResult, statementResult } from './result.ts';

/** What the statements of one unit of work met and cost others, over all tries together. */
export interface Facts {
  /** A try begins. */
  try(one: Try): void;
  /** Whose turn it is: what is seen from now on is put down to this statement. */
  at(index: number): void;
  /** Who waits behind us right now. */
  see(waiters: readonly Waiter[]): void;
  /** The lock was not to be had yet. */
  wait(wait: Wait): void;
  /** Who was in our way. */
  meet(blockers: readonly Blocker[]): void;
  of(index: number): Pick<StatementResult, 'stalled' | 'blockers'>;
  /** The statement whose turn it is, as far as it came. */
  unfinished(): StatementResult;
}

/** More would tell no more, and the ledger is no log. */
const MOST_BLOCKERS = 10;

export function collectFacts(first: number): Facts {
  const stalls = new Map<number, StallCount>();
  const met = new Map<number, Map<string, Blocker>>();
  let index = first;
  let last: Pick<Try, 'attempt' | 'waitedMs'> = { attempt: 0, waitedMs: 0 };
  const startedAt = performance.now();
  const of = (index: number) => ({
    stalled: rounded(stalls.get(index)?.sum() ?? NO_COST.stalled),
    blockers: [...(met.get(index)?.values() ?? [])],
  });
  const meet = (blockers: readonly Blocker[]) => {
    const known = met.get(index) ?? new Map<string, Blocker>();
    met.set(index, known);
    for (const blocker of blockers) {
      const key = `${blocker.kind} ${blocker.pid ?? blocker.query} ${blocker.relation}`;
      if (known.has(key) || known.size < MOST_BLOCKERS) known.set(key, blocker);
    }
  };
  return {
    try(one) {
      last = one;
    },
    at(next) {
      index = next;
    },
    see(waiters) {
      const now = performance.now();
      for (const [other, count] of stalls) if (other !== index) count.see([], now);
      if (waiters.length === 0 && !stalls.has(index)) return;
      const count = stalls.get(index) ?? countStalls();
      stalls.set(index, count);
      count.see(waiters, now);
    },
    wait({ attempts, waitedMs, blockers }) {
      last = { attempt: attempts, waitedMs };
      meet(blockers);
    },
    meet,
    of,
    unfinished: () =>
      statementResult({
        index,
        attempts: last.attempt,
        waitedMs: last.waitedMs,
        heldMs: 0,
        durationMs: performance.now() - startedAt,
        ...of(index),
      }),
  };
}

function rounded({ sessions, longestMs, totalMs }: Stalls): Stalls {
  return { sessions, longestMs: Math.round(longestMs), totalMs: Math.round(totalMs) };
}
