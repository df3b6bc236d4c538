import { describe, expect, test } from 'vitest';
import { afterBatch, afterFailure, batchKeys, type Pace, startPace, waitMs } from '../../src/backfill/pace.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/backfill/settings.ts';

const settings = (changed: Partial<Settings> = {}): Settings => ({ ...DEFAULT_SETTINGS, ...changed });

/** Runs batches on a clock of its own; gives when each ended, its keys and its rows. */
function simulate(
  changed: Partial<Settings>,
  work: {
    readonly forMs: number;
    readonly msPerKey: (at: number) => number;
    readonly rowsPerKey?: number;
    /** Bytes. */
    readonly walPerRow?: (at: number) => number;
  },
): { at: number; keys: number; rows: number; ms: number; wal: number }[] {
  const all = settings(changed);
  const batches = [];
  let pace: Pace = startPace(all.batchSize, 0);
  let [visited, total] = [0, 0];
  for (let now = 0; now < work.forMs;) {
    const wait = waitMs(pace, all, now);
    // A timer is late more often than not.
    if (wait > 0) {
      now += wait + 1.5;
      continue;
    }
    const keys = batchKeys(pace, all);
    const ms = 2 + keys * work.msPerKey(now);
    now += ms;
    visited += keys;
    const rows = Math.round(visited * (work.rowsPerKey ?? 1)) - total;
    total += rows;
    const wal = Math.round(rows * (work.walPerRow?.(now) ?? 100));
    pace = afterBatch(pace, all, { keys, rows, ms, wal }, now);
    batches.push({ at: now, keys, rows, ms, wal });
  }
  return batches;
}

type Batches = ReturnType<typeof simulate>;

/** The least and the most of what was done in any ten seconds. */
function anyTenSeconds(batches: Batches, count: (batch: Batches[number]) => number): [least: number, most: number] {
  const last = batches.at(-1)?.at ?? 0;
  const windows = batches
    .filter(({ at }) => at + 10_000 <= last)
    .map((first) =>
      batches
        .filter(({ at }) => at > first.at && at <= first.at + 10_000)
        .reduce((sum, batch) => sum + count(batch), 0),
    );
  return [Math.min(...windows), Math.max(...windows)];
}

describe('a rate holds over any ten seconds within 5 %', () => {
  test.each([7, 20, 333, 5_000, 80_000])('%i rows/s, from the first second on', (rate) => {
    for (const rowsPerKey of [1, 0.3]) {
      const batches = simulate({ rate }, { forMs: 60_000, msPerKey: () => 0.001, rowsPerKey });
      const [least, most] = anyTenSeconds(batches, ({ rows }) => rows);
      expect(least).toBeGreaterThanOrEqual(rate * 10 * 0.95 - 1);
      expect(most).toBeLessThanOrEqual(rate * 10 * 1.05 + 1);
    }
  });

  test.each([20, 333, 5_000, 80_000])('%i rows/s', (rate) => {
    for (const rowsPerKey of [1, 0.3, 4]) {
      // The server stands still for a second now and then.
      const msPerKey = (at: number) => (Math.floor(at / 1000) % 7 === 6 ? 0.5 : 0.005);
      const batches = simulate({ rate }, { forMs: 60_000, msPerKey, rowsPerKey }).slice(20);
      for (const { at } of batches) {
        const window = batches.filter((batch) => batch.at > at - 10_000 && batch.at <= at);
        const rows = window.reduce((sum, batch) => sum + batch.rows, 0);
        expect(rows).toBeLessThanOrEqual(rate * 10 * 1.05 + 1);
      }
    }
  });

  test('and is reached', () => {
    const batches = simulate({ rate: 5_000 }, { forMs: 60_000, msPerKey: () => 0.01 });
    const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
    expect(rows / 60).toBeGreaterThan(5_000 * 0.97);
  });
});

describe('a limit of WAL holds over any ten seconds within 5 %', () => {
  const MB = 1024 * 1024;

  test.each([0.1, 1, 20, 100])('%d MB/s', (maxWalMb) => {
    const batches = simulate({ maxWalMb }, { forMs: 60_000, msPerKey: () => 0.001, walPerRow: () => 200 });
    const [least, most] = anyTenSeconds(batches, ({ wal }) => wal);
    expect(most).toBeLessThanOrEqual(maxWalMb * MB * 10 * 1.05);
    expect(least).toBeGreaterThanOrEqual(maxWalMb * MB * 10 * 0.95);
  });

  test('what a row writes grows by ten after a checkpoint, when whole pages are written', () => {
    const walPerRow = (at: number) => (at % 30_000 > 15_000 ? 2_000 : 200);
    const batches = simulate({ maxWalMb: 10 }, { forMs: 120_000, msPerKey: () => 0.001, walPerRow });
    // The one batch that finds out writes ten times its share of a quarter of a second.
    expect(anyTenSeconds(batches, ({ wal }) => wal)[1]).toBeLessThanOrEqual(10 * MB * (10 + 2.5));
  });

  test('after many keys without a row to change, the first that has one is no surprise', () => {
    let pace = startPace(1000, 0);
    const all = settings({ maxWalMb: 1 });
    for (let at = 1; at <= 50; at += 1)
      pace = afterBatch(pace, all, { keys: batchKeys(pace, all), rows: 0, ms: 1, wal: 300 }, at * 10);
    expect(batchKeys(pace, all)).toBe(128);
  });

  test('with a rate, the stricter of both holds', () => {
    const both = { rate: 1_000, maxWalMb: 10 };
    const [, most] = anyTenSeconds(
      simulate(both, { forMs: 30_000, msPerKey: () => 0.001, walPerRow: () => 100 }),
      ({ rows }) => rows,
    );
    expect(most).toBeLessThanOrEqual(10_500);
    const [, bytes] = anyTenSeconds(
      simulate(both, { forMs: 30_000, msPerKey: () => 0.001, walPerRow: () => 100_000 }),
      ({ wal }) => wal,
    );
    expect(bytes).toBeLessThanOrEqual(10 * MB * 10 * 1.05);
  });
});

describe('batch time steers batch size', () => {
  test('it grows by steps to the size that takes the batch time', () => {
    const batches = simulate({}, { forMs: 20_000, msPerKey: () => 0.05 });
    expect(batches[0]?.keys).toBe(1000);
    for (const [index, { keys }] of batches.entries())
      expect(keys).toBeLessThanOrEqual((batches[index - 1]?.keys ?? 500) * 2);
    expect(batches.at(-1)?.ms).toBeGreaterThan(230);
    expect(batches.at(-1)?.ms).toBeLessThan(270);
  });

  test('it grows by greater steps while a batch takes less than an eighth of the batch time', () => {
    const batches = simulate({}, { forMs: 2_000, msPerKey: () => 0.01 });
    expect(batches.slice(0, 4).map(({ keys }) => keys)).toEqual([1000, 4000, 8000, 16_000]);
  });

  test('it stays below the greatest size', () => {
    const batches = simulate({ maxBatchSize: 3000 }, { forMs: 20_000, msPerKey: () => 0.001 });
    expect(Math.max(...batches.map(({ keys }) => keys))).toBe(3000);
  });

  test('when the server slows down, the next batch is shorter at once', () => {
    const batches = simulate({}, { forMs: 20_000, msPerKey: (at) => (at < 10_000 ? 0.02 : 0.5) });
    const slow = batches.findIndex(({ at, ms }) => at > 10_000 && ms > 500);
    expect(batches[slow + 1]?.ms).toBeLessThan(300);
  });

  test('a failed batch is tried with a quarter, at last with one key', () => {
    let pace = startPace(1000, 0);
    pace = afterFailure(pace, 1000);
    expect(batchKeys(pace, settings())).toBe(250);
    for (let round = 0; round < 9; round += 1) pace = afterFailure(pace, batchKeys(pace, settings()));
    expect(batchKeys(pace, settings())).toBe(1);
  });
});
