import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { underLease } from '../safety/lease.ts';
import type { BatchCancel } from './batch-cancel.ts';
import type { Key } from './batches.ts';
import type { End } from './end.ts';
import type { BackfillEvent } from './event.ts';
import { describeFailure, isOfRows, isOutage } from './failure.ts';
import type { Place } from './itinerary.ts';
import { readLeaves } from './leaf.ts';
import type { Permission } from './permission.ts';
import type { Range } from './ranges.ts';
import {
  countSkipped,
  readSkipped,
  retryKey,
  skipKey,
  type SkippedKey,
  type SkipParts,
  writeSkipped,
} from './skipped.ts';
import type { Steering } from './steering.ts';

export interface PoisonOptions {
  readonly parts: SkipParts;
  readonly main: () => Session;
  /** Whether keys may be left out; else one that was left out by an earlier run and fails again is the end. */
  readonly skipPoison: boolean;
  readonly cancel: BatchCancel;
  readonly permission: Permission;
  readonly emit: (event: BackfillEvent) => void;
}

/** Keys that make the statement fail: they are left out, written down, and tried once more at the end. */
export interface Poison {
  /** Leaves out the one key that fails by itself; null where it is not there any more, or an end where too many fail. */
  skip(place: Place, key: Key, error: unknown): Promise<End | Range | null>;
  /** A batch went through. */
  passed(): void;
  /** Tries those that were left out once more, and tells of the rows that each changed; an end where one fails that may not be left out. */
  retry(steering: Steering, onRows: (rows: number) => void): Promise<End | null>;
  /** How many are left out still, as of the last time that they were tried. */
  left(): number;
}

/** In a row: then it is not the rows. */
const MOST_SKIPPED = 100;
const MOST_TRIES = 5;
const FIRST_BACKOFF_MS = 50;

export function startPoison({ parts, main, skipPoison, cancel, permission, emit }: PoisonOptions): Poison {
  const { job, schema, lease } = parts;
  let inARow = 0;
  let left = 0;

  const retryOne = async (skipped: SkippedKey, steering: Steering): Promise<End | number> => {
    const { tableOid: oid, table: shown, key } = skipped;
    for (let tries = 1; ; tries += 1) {
      const order = await permission.ask(steering);
      if ('outcome' in order) return order;
      try {
        return await cancel.cancellably(() => retryKey(main(), parts, skipped));
      } catch (error) {
        if (!isSqlFailure(error) || isOutage(error)) throw error;
        if (cancel.caused(error)) return { outcome: 'paused', reason: 'the batch was cancelled', remaining: null };
        if (skipPoison && isOfRows(error)) {
          await underLease(main(), lease, async () => {
            await writeSkipped(main(), schema, job.name, { leaf: { oid, shown }, key, error });
          });
          return 0;
        }
        if (isOfRows(error) || tries === MOST_TRIES) {
          const reason = `the key ${key.join(', ')} of ${shown}, which was left out before, failed again: ${describeFailure(error)}`;
          return { outcome: 'gave-up', reason, remaining: null };
        }
        await steering.change(FIRST_BACKOFF_MS * 2 ** tries);
      }
    }
  };

  return {
    async skip({ leaf, range }, key, error) {
      if (inARow === MOST_SKIPPED) {
        const reason = `${MOST_SKIPPED} keys in a row failed; the key ${key.join(', ')} of ${leaf.shown} failed: ${describeFailure(error)}`;
        return { outcome: 'gave-up', reason, remaining: null };
      }
      const moved = await skipKey(main(), parts, { leaf, range, key, error });
      if (moved === null) return null;
      inARow += 1;
      emit({ event: 'skipped', table: leaf.shown, key, reason: describeFailure(error) });
      return moved;
    },
    passed() {
      inARow = 0;
    },
    async retry(steering, onRows) {
      for (const skipped of await readSkipped(main(), schema, job.name)) {
        const changed = await retryOne(skipped, steering);
        if (typeof changed !== 'number') return changed;
        onRows(changed);
      }
      left = await countSkipped(main(), schema, job.name, await readLeaves(main(), job));
      return null;
    },
    left: () => left,
  };
}
