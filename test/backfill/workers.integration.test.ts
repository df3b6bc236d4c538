import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import type { BackfillEvent } from '../../src/backfill/event.ts';
import { prepareJob } from '../../src/backfill/job.ts';
import { NO_PULSE, openRanges } from '../../src/backfill/ranges.ts';
import { splitRanges } from '../../src/backfill/split.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
// A batch that a busy machine holds up makes the next one no smaller.
const SMALL = { batchSize: 20, maxBatchSize: 20, batchTimeMs: 60_000 };
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

async function makeTable(
  name: string,
  rows: number,
  key = 'i::bigint * 1000000000',
  columns = 'id bigint PRIMARY KEY',
): Promise<void> {
  await session.exec(`
    CREATE TABLE ${name} (${columns}, n int NOT NULL DEFAULT 0, done bool);
    INSERT INTO ${name} SELECT ${key} FROM generate_series(1, ${rows}) i`);
}

const rangesOf = (name: string) =>
  session.query<{ rows: string; pass: number; done: boolean; claimed: string | null }>(
    `SELECT rows_done AS rows, pass, done, claimed_by AS claimed FROM tiptoe.backfill_range WHERE backfill = $1 ORDER BY number`,
    [name],
  );

const leasesOf = (name: string) =>
  value(session, `SELECT count(*) FROM tiptoe.lease WHERE name LIKE 'backfill ${name} worker %'`);

describe('the keys are shared, each row is changed once, by keys', () => {
  test.each([
    ['gaps', 'i::bigint * 1000000000', 'id bigint PRIMARY KEY'],
    ['texts', `'Ä' || md5(i::text)`, 'id text PRIMARY KEY'],
    ['uuids', 'md5(i::text)::uuid', 'id uuid PRIMARY KEY'],
    ['pairs', `i % 3, md5(i::text)`, 'tenant int, name text, PRIMARY KEY (tenant, name)'],
  ])('%s', async (name, key, columns) => {
    await makeTable(name, 2000, key, columns);
    const result = await run(db.ownerUrl, await specOf(name, `UPDATE ${name} SET n = n + 1`), {
      workers: 3,
      settings: SMALL,
    });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 2000, rowsVisited: 2000 });
    expect(await value(session, `SELECT count(*) FROM ${name} WHERE n <> 1`)).toBe('0');
    const ranges = await rangesOf(name);
    // Who has nothing to do in the end gets a part of what another one is at.
    expect(ranges.length).toBeGreaterThanOrEqual(24);
    expect(ranges.filter(({ rows }) => Number(rows) > 40).length).toBeGreaterThanOrEqual(22);
    expect(await leasesOf(name)).toBe('0');
  });

  test('places, and those of several partitions', async () => {
    await session.exec(`
      CREATE TABLE places (i int, pad text, done bool) PARTITION BY RANGE (i);
      CREATE TABLE places_a PARTITION OF places FOR VALUES FROM (0) TO (1000);
      CREATE TABLE places_b PARTITION OF places FOR VALUES FROM (1000) TO (4000);
      INSERT INTO places SELECT i, repeat('x', 500) FROM generate_series(1, 3999) i`);
    const spec = await specOf('places', 'UPDATE places SET done = true WHERE done IS NULL');
    const result = await run(db.ownerUrl, spec, { workers: 2, settings: SMALL });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 3999, remaining: { kind: 'proved' } });
    expect((await rangesOf('places')).length).toBeGreaterThan(10);
  });
});

test('what one worker has begun alone is shared by several later', async () => {
  await makeTable('later', 1000);
  const spec = await specOf('later', 'UPDATE later SET n = n + 1');
  const pause = new AbortController();
  await run(db.ownerUrl, spec, {
    settings: SMALL,
    pause: pause.signal,
    onEvent: (event) => {
      if (event.event === 'progress' && event.batches === 5) pause.abort('enough');
    },
  });
  expect(await rangesOf('later')).toMatchObject([{ rows: '100', done: false }]);
  expect(await run(db.ownerUrl, spec, { workers: 2, settings: SMALL })).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 1000,
  });
  expect((await rangesOf('later')).length).toBeGreaterThanOrEqual(16);
  expect(await value(session, 'SELECT count(*) FROM later WHERE n <> 1')).toBe('0');
});

test('where the one that leads finds no range, one that has all of it gives it a part', async () => {
  await makeTable('greedy', 4000, 'i');
  const lock = await db.session();
  const throttled = resolvable();
  const running = run(db.ownerUrl, await specOf('greedy', 'UPDATE greedy SET n = n + 1'), {
    workers: 2,
    settings: { batchSize: 5000, checks: ['shop closed: SELECT false'] },
    onEvent: ({ event }) => (event === 'throttled' ? throttled.resolve() : undefined),
  });
  await throttled.promise;
  await vi.waitUntil(async () => (await leasesOf('greedy')) === '1', 10_000);
  // Until the other one is at the only range.
  await lock.exec(`BEGIN; SELECT FROM tiptoe.lease WHERE name = 'backfill greedy' FOR UPDATE`);
  await session.exec(`
    UPDATE tiptoe.backfill SET signals = '{}', batch_size = 20, max_batch_size = 20, rate = 200 WHERE name = 'greedy'`);
  const claims = async (): Promise<string[]> =>
    (await rangesOf('greedy')).flatMap(({ done, claimed }) => (done || claimed === null ? [] : [claimed]));
  await vi.waitUntil(async () => (await claims()).length === 1, 10_000);
  await lock.exec('ROLLBACK');
  expect(await claims()).not.toContain('backfill greedy');
  expect(await rangesOf('greedy')).toHaveLength(1);
  await vi.waitUntil(async () => new Set(await claims()).size === 2, 10_000);
  await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'greedy'`);
  expect(await running).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 4000,
    remaining: { chain: { kind: 'unbroken', rows: 4000 } },
  });
  expect(await value(session, 'SELECT count(*) FROM greedy WHERE n <> 1')).toBe('0');
});

describe('a range is cut only where nobody is', () => {
  /** A range of which a worker that is gone has done 100 of 1,000 rows; another one looks for a range while it is cut. */
  async function abandoned(name: string) {
    await makeTable(name, 1000, 'i');
    const spec = await specOf(name, `UPDATE ${name} SET n = n + 1`);
    const pause = new AbortController();
    await run(db.ownerUrl, spec, {
      settings: SMALL,
      pause: pause.signal,
      onEvent: (event) => void (event.event === 'progress' && event.batches === 5 && pause.abort('enough')),
    });
    const job = await prepareJob(session, spec);
    const ranges = openRanges('tiptoe', name);
    const [leader, other] = [await db.session(), await db.session()];
    const cut = (between: () => Promise<void>) =>
      withTransaction(leader, () =>
        splitRanges(leader, {
          by: 'the leader',
          job,
          ranges: {
            ...ranges,
            async lockFree(on, by) {
              const free = await ranges.lockFree(on, by);
              await between();
              return free;
            },
          },
          wanted: 4,
          leastKeys: 20,
        }),
      );
    return { spec, ranges, leader, other, cut };
  }

  test('who looks for one meanwhile finds none, and afterwards one that is cut', async () => {
    const { spec, ranges, other, cut } = await abandoned('cut_free');
    let meanwhile: unknown;
    await cut(async () => {
      meanwhile = await ranges.claim(other, 'another');
    });
    expect(meanwhile).toBeNull();
    expect(await ranges.claim(other, 'another')).toMatchObject({ number: 1, lastKey: ['100'], upper: ['325'] });
    expect(await run(db.ownerUrl, spec, { settings: SMALL, resume: true })).toMatchObject({
      outcome: 'succeeded',
      remaining: { chain: { kind: 'unbroken', rows: 1000 } },
    });
    expect(await value(session, 'SELECT count(*) FROM cut_free WHERE n <> 1')).toBe('0');
  });

  test('where one has moved on since, or does so right now, its place is what counts', async () => {
    const { ranges, leader, other, cut } = await abandoned('cut_moving');
    const range = await ranges.claim(other, 'a worker whose lease is over');
    if (range === null) throw new Error('there is a range');
    const at = (key: string) => ({ ...range, lastKey: [key], batches: Number(key) / 20, rowsVisited: Number(key) });
    expect(await ranges.advance(other, range, at('400'), NO_PULSE)).toBe(true);
    await cut(async () => {
      await other.exec(`SET lock_timeout = '100ms'`);
      await expect(ranges.advance(other, at('400'), at('900'), NO_PULSE)).rejects.toMatchObject({ sqlstate: '55P03' });
    });
    const cuts = (await ranges.list(leader)).map(({ upper }) => Number(upper ?? Infinity));
    expect(cuts.sort((a, b) => a - b)).toEqual([550, 700, 850, Infinity]);
    expect(await ranges.advance(other, at('400'), at('900'), NO_PULSE)).toBe(false);
  });
});

test('rows that come into a range that is done are found by its second pass', async () => {
  await makeTable('second', 1000);
  let inserted = false;
  const other = await db.session();
  const spec = await specOf('second', 'UPDATE second SET done = true WHERE done IS NULL');
  const result = await run(db.ownerUrl, spec, {
    workers: 2,
    settings: SMALL,
    onEvent: (event) => {
      if (event.event !== 'progress' || inserted || event.batches < 30) return;
      inserted = true;
      void other.exec('INSERT INTO second VALUES (1), (99999999999999999)');
    },
  });
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 1002, remaining: { kind: 'proved' } });
});

describe('rows that make the statement fail', () => {
  const SQL = (name: string) => `UPDATE ${name} SET n = n + 10 / (n - 9) * 0 + 1`;
  const poison = async (name: string): Promise<void> => {
    await makeTable(name, 1000, 'i');
    await session.exec(`UPDATE ${name} SET n = 9 WHERE id IN (1, 300, 301, 777, 1000)`);
  };

  test('are named, and all workers stop', async () => {
    await poison('named');
    const result = await run(db.ownerUrl, await specOf('named', SQL('named')), { workers: 3, settings: SMALL });
    expect(result).toMatchObject({
      outcome: 'gave-up',
      reason: expect.stringMatching(/the key \d+ of public\.named failed: division by zero/) as unknown,
    });
    expect(await value(session, 'SELECT count(*) FROM named WHERE n NOT IN (0, 1, 9)')).toBe('0');
    expect(String(result.rowsDone)).toBe(await value(session, 'SELECT count(*) FROM named WHERE n = 1'));
    expect(await leasesOf('named')).toBe('0');
  });

  test('are left out, and done once they can be', async () => {
    await poison('left_out');
    const spec = await specOf('left_out', SQL('left_out'));
    const options = { workers: 3, settings: SMALL, skipPoison: true };
    expect(await run(db.ownerUrl, spec, options)).toMatchObject({ outcome: 'gave-up', rowsDone: 995, keysSkipped: 5 });
    await session.exec('UPDATE left_out SET n = 0 WHERE n = 9');
    expect(await run(db.ownerUrl, spec, options)).toMatchObject({
      outcome: 'succeeded',
      rowsDone: 1000,
      keysSkipped: 0,
      remaining: { kind: 'cannot-tell', chain: { kind: 'unbroken', rows: 1000 } },
    });
    expect(await value(session, 'SELECT count(*) FROM left_out WHERE n <> 1')).toBe('0');
  });
});

test('a signal that says stop holds all workers, and all go on after it', async () => {
  await makeTable('held', 3000, 'i');
  const other = await db.session();
  const say = (signals: string) =>
    other.query(`UPDATE tiptoe.backfill SET signals = $1 WHERE name = 'held'`, [signals]);
  const rows = () => value(session, `SELECT rows_done FROM tiptoe.backfill_progress WHERE name = 'held'`);
  const [begun, throttled] = [resolvable(), resolvable()];
  const running = run(db.ownerUrl, await specOf('held', 'UPDATE held SET n = n + 1'), {
    workers: 3,
    settings: { ...SMALL, rate: 600 },
    onEvent: (event) => {
      if (event.event === 'progress') begun.resolve();
      if (event.event === 'throttled') throttled.resolve();
    },
  });
  await begun.promise;
  await vi.waitUntil(
    async () => (await rangesOf('held')).filter(({ done, claimed }) => !done && claimed !== null).length === 3,
    10_000,
  );
  await say('{"signal": ["shop closed: SELECT false"]}');
  await throttled.promise;
  const quiet = async (): Promise<boolean> => {
    const before = await rows();
    await new Promise((done) => {
      setTimeout(done, 1_500);
    });
    return before === (await rows());
  };
  await vi.waitUntil(quiet, 10_000);
  expect(await session.query(`SELECT state FROM tiptoe.backfill WHERE name = 'held'`)).toEqual([
    { state: 'throttled' },
  ]);
  expect(await leasesOf('held')).toBe('2');
  expect(Number(await rows())).toBeLessThan(3000);
  await say('{}');
  await other.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'held'`);
  expect(await running).toMatchObject({ outcome: 'succeeded', rowsDone: 3000 });
  expect(await value(session, 'SELECT count(*) FROM held WHERE n <> 1')).toBe('0');
});

describe('another process', () => {
  /** Two processes with two workers each; resolves when both have begun. */
  async function two(name: string, settings = {}) {
    const spec = await specOf(name, `UPDATE ${name} SET n = n + 1`);
    const pauses = [new AbortController(), new AbortController()] as const;
    const options = { workers: 2, settings: { ...SMALL, rate: 400, ...settings }, waitForRunnerMs: 10_000 };
    const begun = (event: string) => {
      const { promise, resolve } = resolvable();
      return { promise, onEvent: (seen: BackfillEvent) => (seen.event === event ? resolve() : undefined) };
    };
    const [started, joined] = [begun('started'), begun('joined')];
    const first = run(db.ownerUrl, spec, {
      ...options,
      owner: 'one',
      pause: pauses[0].signal,
      onEvent: started.onEvent,
    });
    await started.promise;
    const second = run(db.ownerUrl, spec, {
      ...options,
      settings: { maxWalMb: 500 },
      owner: 'two',
      pause: pauses[1].signal,
      onEvent: joined.onEvent,
    });
    await joined.promise;
    await vi.waitUntil(async () => (await leasesOf(name)) === '3', 10_000);
    // Each is at a range of its own, and at no other.
    await vi.waitUntil(async () => {
      const claims = (await rangesOf(name)).flatMap(({ done, claimed }) => (done || claimed === null ? [] : [claimed]));
      return claims.length === 4 && new Set(claims).size === 4;
    }, 10_000);
    return { first, second, pauses };
  }

  test('joins, and both end with the sum', async () => {
    await makeTable('joined', 3000);
    const { first, second } = await two('joined', { rate: 1500 });
    expect(await first).toMatchObject({
      outcome: 'succeeded',
      rowsDone: 3000,
      remaining: { kind: 'cannot-tell', chain: { kind: 'unbroken', rows: 3000 } },
    });
    expect(await second).toMatchObject({ outcome: 'succeeded', rowsDone: 3000 });
    // Its flags hold for both, and all else stays as the first one had it.
    const changed = expect.arrayContaining(['rate 1500 rows/s', 'max-wal 500 MB/s', 'batch-size 20']) as unknown;
    expect((await second).events).toContainEqual({ event: 'joined', owner: 'one', workers: 2, changed });
    expect(await value(session, 'SELECT count(*) FROM joined WHERE n <> 1')).toBe('0');
    expect(await leasesOf('joined')).toBe('0');
  });

  test('gets a part of what the first one has begun alone, in one range', async () => {
    await makeTable('alone', 3000, 'i');
    const spec = await specOf('alone', 'UPDATE alone SET n = n + 1');
    const { promise, resolve } = resolvable();
    const first = run(db.ownerUrl, spec, {
      settings: { ...SMALL, rate: 200 },
      onEvent: (event) => void (event.event === 'progress' && resolve()),
    });
    await promise;
    expect(await rangesOf('alone')).toHaveLength(1);
    const second = run(db.ownerUrl, spec, { workers: 2, waitForRunnerMs: 10_000 });
    await vi.waitUntil(async () => {
      const claims = (await rangesOf('alone')).flatMap(({ done, claimed }) =>
        done || claimed === null ? [] : [claimed],
      );
      return new Set(claims).size === 3;
    }, 10_000);
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'alone'`);
    const chain = { kind: 'unbroken', rows: 3000 };
    expect(await first).toMatchObject({ outcome: 'succeeded', rowsDone: 3000, remaining: { chain } });
    expect(await second).toMatchObject({ outcome: 'succeeded', rowsDone: 3000 });
    expect(await value(session, 'SELECT count(*) FROM alone WHERE n <> 1')).toBe('0');
  });

  test('that finds too few keys to share tells how far the first one is', async () => {
    await makeTable('few', 300, 'i');
    const spec = await specOf('few', 'UPDATE few SET n = n + 1');
    const { promise, resolve } = resolvable();
    const first = run(db.ownerUrl, spec, {
      settings: { rate: 50 },
      onEvent: (event) => void (event.event === 'progress' && resolve()),
    });
    await promise;
    const told: BackfillEvent[] = [];
    const second = run(db.ownerUrl, spec, {
      workers: 1,
      waitForRunnerMs: 10_000,
      onEvent: (event) => void (event.event === 'all' && told.push(event)),
    });
    await vi.waitUntil(() => told.length >= 3, 10_000);
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'few'`);
    expect(await first).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
    expect(await second).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
    expect(told[2]).toMatchObject({ state: 'running', rowsTotal: 300, rowsDone: expect.any(Number) as unknown });
    expect(told[2]).not.toMatchObject({ rowsDone: 0 });
  });

  test('is paused with the first', async () => {
    await makeTable('paused', 3000);
    const { first, second } = await two('paused');
    await session.exec(`UPDATE tiptoe.backfill SET desired_state = 'paused' WHERE name = 'paused'`);
    expect(await first).toMatchObject({ outcome: 'paused' });
    expect(await second).toMatchObject({ outcome: 'paused' });
    expect(await value(session, `SELECT state FROM tiptoe.backfill WHERE name = 'paused'`)).toBe('paused');
    expect(await leasesOf('paused')).toBe('0');
    const spec = await specOf('paused', 'UPDATE paused SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { workers: 2, resume: true, settings: { rate: null } })).toMatchObject({
      rowsDone: 3000,
    });
    expect(await value(session, 'SELECT count(*) FROM paused WHERE n <> 1')).toBe('0');
  });

  test('is stopped at the same moment: the last one to leave says that nobody is at work', async () => {
    await makeTable('stopped', 3000);
    const { first, second, pauses } = await two('stopped');
    for (const pause of pauses) pause.abort('SIGTERM');
    expect(await first).toMatchObject({ outcome: 'paused' });
    expect(await second).toMatchObject({ outcome: 'paused' });
    expect(await value(session, `SELECT state FROM tiptoe.backfill WHERE name = 'stopped'`)).toBe('paused');
    expect(await leasesOf('stopped')).toBe('0');
    const spec = await specOf('stopped', 'UPDATE stopped SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { workers: 2, settings: { rate: null } })).toMatchObject({ rowsDone: 3000 });
    expect(await value(session, 'SELECT count(*) FROM stopped WHERE n <> 1')).toBe('0');
  });

  test('takes the lead when the first one leaves', async () => {
    await makeTable('leaver', 2000);
    const { first, second, pauses } = await two('leaver');
    pauses[0].abort('SIGTERM');
    expect(await first).toMatchObject({ outcome: 'paused', reason: 'SIGTERM; other workers go on' });
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'leaver'`);
    expect(await second).toMatchObject({ outcome: 'succeeded', rowsDone: 2000 });
    expect(await value(session, 'SELECT count(*) FROM leaver WHERE n <> 1')).toBe('0');
  });

  test('shares the rate', async () => {
    await makeTable('rated', 5000);
    const { first, second } = await two('rated', { rate: 300 });
    const done = async (): Promise<number> =>
      Number(await value(session, `SELECT rows_done FROM tiptoe.backfill_progress WHERE name = 'rated'`));
    await vi.waitUntil(async () => (await done()) > 200, 10_000);
    const from = { at: performance.now(), rows: await done() };
    await new Promise((resolve) => {
      setTimeout(resolve, 5_000);
    });
    const rate = ((await done()) - from.rows) / ((performance.now() - from.at) / 1000);
    await session.exec(`UPDATE tiptoe.backfill SET desired_state = 'cancelled' WHERE name = 'rated'`);
    await Promise.all([first, second]);
    // Four workers; each batch may end a moment before or after the ends of the measure.
    expect(rate).toBeLessThan(300 + (4 * 20) / 5 + 15);
    expect(rate).toBeGreaterThan(150);
  });
});

function resolvable(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
