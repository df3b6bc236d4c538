import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import { forgetLeases, type Lease, underLease } from '../safety/lease.ts';
import { CheckpointMoved } from './batch.ts';
import { isOutage } from './failure.ts';
import type { Job } from './job.ts';
import { type Leaf, readLeaf } from './leaf.ts';
import { workerPrefix } from './lease-name.ts';
import { planRanges, toEndOfTable } from './plan.ts';
import { NO_PULSE, type Range, type Ranges } from './ranges.ts';
import { type SplitRequest, splitRanges } from './split.ts';
import { rememberTables } from './upkeep.ts';

/** A range and the table that it is a part of. */
export interface Place {
  readonly range: Range;
  readonly leaf: Leaf;
}

export interface ItineraryOptions {
  readonly job: Job;
  /** Of the statement that this worker runs. */
  readonly statementHash: string;
  readonly ranges: Ranges;
  readonly lease: Lease;
  /** Told of a range that is left out, because its partition is gone. */
  readonly onLeftOut: (table: string, reason: string) => void;
}

/** Range after range. */
export interface Itinerary {
  /** The range at work, or the next one that is not done; `elsewhere` when others are at all of these, null when there are none. */
  place(session: Session): Promise<Place | 'elsewhere' | null>;
  /** The range at work has a new checkpoint. */
  moved(range: Range): void;
  /** The range at work has no key left. */
  end(session: Session): Promise<void>;
  /** Cuts the range at work, and what else nobody is at, so that those who wait find one each; as far as that can be done. */
  share(session: Session, cuts: Pick<SplitRequest, 'wanted' | 'leastKeys'>): Promise<void>;
  /** All rows of the range at work have moved, and it has no key to find them by: it begins anew. */
  restart(session: Session): Promise<void>;
  /** Has to look up everything anew. */
  reset(): void;
  /** Partitions that were attached since get ranges of their own; returns whether any is to be walked now. */
  extend(session: Session): Promise<boolean>;
}

export function openItinerary({ job, statementHash, ranges, lease, onLeftOut }: ItineraryOptions): Itinerary {
  let at: Place | null = null;
  const write = async (session: Session, range: Range, change: Partial<Range>): Promise<void> => {
    await underLease(session, lease, async () => {
      if (!(await ranges.advance(session, range, { ...range, ...change }, NO_PULSE))) throw new CheckpointMoved();
    });
  };
  const claim = (session: Session): Promise<Range | null> =>
    underLease(session, lease, async () => {
      const claimed = await ranges.claim(session, lease.name);
      if (claimed === null) return null;
      // Before its first batch, whoever takes the lead may have taken over another one; its ranges are new ones then.
      await requireStatement(session, lease.schema, job.name, statementHash);
      await forgetLeases(session, lease.schema, workerPrefix(job.name));
      return claimed;
    });
  return {
    async place(session) {
      if (at !== null) return at;
      for (;;) {
        const range = await claim(session);
        if (range === null) return (await ranges.list(session)).some(isOpen) ? 'elsewhere' : null;
        const leaf = await readLeaf(session, job, range.tableOid);
        if (leaf !== null) {
          at = { range, leaf };
          return at;
        }
        const reason = `it is no longer a partition of ${job.target.shown}`;
        await write(session, range, { leftOut: reason, claimedBy: null });
        onLeftOut(range.table, reason);
      }
    },
    moved(range) {
      at = at === null ? null : { ...at, range };
    },
    async end(session) {
      if (at !== null) await write(session, at.range, { done: true, claimedBy: null });
      at = null;
    },
    async share(session, cuts) {
      at = null;
      await underLease(session, lease, async () => {
        if (await ranges.numbering(session)) await splitRanges(session, { by: lease.name, job, ranges, ...cuts });
      }).catch(ignoreSqlFailure);
    },
    async restart(session) {
      if (at !== null) await write(session, at.range, await toEndOfTable(session, { ...at.range, lastKey: null }));
      at = null;
    },
    reset() {
      at = null;
    },
    async extend(session) {
      if (!job.target.partitioned) return false;
      const planned = await underLease(session, lease, async () => {
        return planRanges(session, ranges, job);
      });
      // Figures for people, nothing to fail for.
      await rememberTables(session, lease.schema, job).catch(ignoreSqlFailure);
      return planned.some(isOpen);
    },
  };
}

async function requireStatement(session: Session, schema: string, name: string, hash: string): Promise<void> {
  const same = await session.query(
    `SELECT FROM ${quoteIdent(schema)}.backfill WHERE name = $1 AND statement_hash = $2`,
    [name, hash],
  );
  if (same.length > 0) return;
  throw new Problem(`The statement of ${name} was changed since this process began to work at it.`, {
    exitCode: 3,
    advice: 'Run it again; it then runs the new one.',
  });
}

function ignoreSqlFailure(error: unknown): void {
  if (!isSqlFailure(error) || isOutage(error)) throw error;
}

function isOpen({ done, leftOut }: Range): boolean {
  return !done && leftOut === null;
}
