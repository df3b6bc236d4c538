import { expect, test } from 'vitest';
import { changeSettings } from '../../src/backfill/control.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();

const mostInTenSeconds = (table: string): string =>
  `SELECT max(n)::int4 FROM (SELECT count(*) OVER (ORDER BY at RANGE BETWEEN '10 s' PRECEDING AND CURRENT ROW) AS n FROM ${table}) AS windows`;

test('a rate holds over any ten seconds within 5 %, by the times at which the rows were changed', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE rated (id int PRIMARY KEY, at timestamptz);
    INSERT INTO rated SELECT generate_series(1, 26000)`);
  const spec = await specOf(
    'rated',
    '-- tiptoe:backfill\n-- rate: 2000 rows/s\nUPDATE rated SET at = clock_timestamp() WHERE at IS NULL',
  );
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 26_000 });
  expect(await value(session, mostInTenSeconds('rated'))).toBeLessThanOrEqual(2_000 * 10 * 1.05);
  expect(await value(session, 'SELECT max(at) - min(at) > interval $$11 s$$ FROM rated')).toBe(true);
}, 60_000);

test.each([
  // One that began alone has one range, and leaves nothing to do to those who join.
  ['alone', 1],
  ['shared', 2],
])(
  'a rate holds while six workers join one that is %s',
  async (name, workers) => {
    const session = await db.session();
    await session.exec(`
    CREATE TABLE ${name} (id int PRIMARY KEY, at timestamptz);
    INSERT INTO ${name} SELECT generate_series(1, 17000)`);
    const spec = await specOf(
      name,
      `-- tiptoe:backfill\n-- rate: 1000 rows/s\nUPDATE ${name} SET at = clock_timestamp() WHERE at IS NULL`,
    );
    let joined: ReturnType<typeof run> | undefined;
    const first = await run(db.ownerUrl, spec, {
      workers,
      onEvent(event) {
        if (event.event === 'progress' && event.rowsDone > 4_000)
          joined ??= run(db.ownerUrl, spec, { workers: 6, waitForRunnerMs: 10_000 });
      },
    });
    expect(first).toMatchObject({ outcome: 'succeeded', rowsDone: 17_000 });
    expect(await joined).toMatchObject({ outcome: 'succeeded' });
    expect(await value(session, mostInTenSeconds(name))).toBeLessThanOrEqual(1_000 * 10 * 1.05);
    // Nor is what one may do lost while others have nothing to do.
    expect(await value(session, `SELECT max(at) - min(at) < interval '60 s' FROM ${name}`)).toBe(true);
  },
  60_000,
);

test('WAL per second is limited, by what the batches themselves write, and the limit can be taken away meanwhile', async () => {
  const session = await db.session();
  // A kilobyte that does not compress, in a row of its own and in no index: each change writes it once more.
  await session.exec(`
    CREATE TABLE heavy (id int PRIMARY KEY, text text, at timestamptz);
    ALTER TABLE heavy ALTER text SET STORAGE PLAIN;
    INSERT INTO heavy
    SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 32) j) FROM generate_series(1, 12000) i`);
  const spec = await specOf(
    'heavy',
    '-- tiptoe:backfill\n-- max-wal: 1MB/s\nUPDATE heavy SET at = clock_timestamp() WHERE at IS NULL',
  );
  let freed = false;
  const { outcome, rowsDone, events } = await run(db.ownerUrl, spec, {
    onEvent(event) {
      if (event.event !== 'progress' || event.rowsDone < 3_000 || freed) return;
      freed = true;
      void changeSettings(session, 'tiptoe', 'heavy', { maxWalMb: null });
    },
  });
  expect({ outcome, rowsDone }).toEqual({ outcome: 'succeeded', rowsDone: 12_000 });
  // 3,000 rows are 3 MB at least; what may be spent ahead is less than half a second's.
  const limited = `SELECT max(at) - min(at) FROM heavy WHERE id <= 3000`;
  expect(await value(session, `SELECT (${limited}) > interval '2 s'`)).toBe(true);
  expect(await value(session, `SELECT (SELECT max(at) - min(at) FROM heavy WHERE id > 4500) < (${limited})`)).toBe(
    true,
  );
  const sizes = events.flatMap((event) =>
    event.event === 'progress' && event.rowsDone < 3_000 ? [event.batchRows] : [],
  );
  expect(Math.max(...sizes)).toBeLessThan(300);
}, 60_000);
