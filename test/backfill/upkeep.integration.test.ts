import { expect, test } from 'vitest';
import { backfillStatus } from '../../src/backfill/status.ts';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import type { Session } from '../../src/db/session.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf } from './support.ts';

const db = testDatabase();
const GO_ON = new AbortController().signal;
const ROWS = 20_000;

/** Each statement with all that it did counted before the next one. */
async function make(...statements: readonly string[]): Promise<void> {
  const session = await db.session();
  for (const statement of statements) {
    await session.exec(statement);
    await counted(session);
  }
  await session.close();
}

/** Before 15, counters travel by themselves, and are read again every half second. */
async function counted(session: Session): Promise<void> {
  await session.exec(`
    DO $$ BEGIN
      IF current_setting('server_version_num')::int >= 150000 THEN PERFORM pg_stat_force_next_flush(); ELSE PERFORM pg_sleep(0.6); END IF;
    END $$`);
}

const verified = (name: string) => verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', name, GO_ON);

test('updates of an indexed column: none is HOT, table and index have grown, and VACUUM is due until it ran', async () => {
  await make(
    `
    CREATE TABLE indexed (id int PRIMARY KEY, a int, pad text) WITH (autovacuum_enabled = off);
    INSERT INTO indexed SELECT i, NULL, repeat('x', 100) FROM generate_series(1, ${ROWS}) i;
    CREATE INDEX ON indexed (a)`,
    'VACUUM (ANALYZE) indexed',
  );
  const { upkeep, cameMeanwhile } = await run(
    db.ownerUrl,
    await specOf('indexed', 'UPDATE indexed SET a = id WHERE a IS NULL'),
  );
  expect(upkeep).toMatchObject({
    table: 'public.indexed',
    deadRows: ROWS,
    rowsUpdated: ROWS,
    hotShare: 0,
    command: 'VACUUM (ANALYZE) public.indexed',
    reason: expect.stringMatching(
      /^20,000 rows \(50 %\) are dead, and autovacuum has not come yet; 20,000 rows/,
    ) as unknown,
  });
  expect(cameMeanwhile).toBeNull();
  // As much again as it was; 130 bytes a row.
  expect(upkeep?.tableGrowth).toBeGreaterThan(ROWS * 130);
  expect(upkeep?.tableBytes).toBeGreaterThan((upkeep?.tableGrowth ?? 0) * 1.8);
  expect(upkeep?.indexGrowth).toBeGreaterThan(ROWS * 10);
  const session = await db.session();
  await session.exec('VACUUM (ANALYZE) indexed');
  await counted(session);
  expect((await verified('indexed'))?.upkeep).toMatchObject({ deadRows: 0, command: null, reason: 'no row is dead' });
  expect((await backfillStatus(session, 'tiptoe', 'indexed')).upkeep).toMatchObject({ deadRows: 0, command: null });
});

test('with room in its pages and no index on the column all updates are HOT; one that nobody has analyzed needs that', async () => {
  await make(`
    CREATE TABLE roomy (id int PRIMARY KEY, a int) WITH (autovacuum_enabled = off, fillfactor = 45);
    INSERT INTO roomy SELECT i FROM generate_series(1, ${ROWS}) i`);
  const { upkeep } = await run(db.ownerUrl, await specOf('roomy', 'UPDATE roomy SET a = id WHERE a IS NULL'));
  expect(upkeep?.hotShare).toBeGreaterThan(0.95);
  expect(upkeep?.tableGrowth).toBeLessThan(100_000);
});

test('partitions are summed, also one that comes while it runs', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE parts (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2001) WITH (autovacuum_enabled = off);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (2001) TO (4001) WITH (autovacuum_enabled = off);
    INSERT INTO parts SELECT i FROM generate_series(1, 4000) i`);
  const other = await db.session();
  const meanwhile: Promise<unknown>[] = [];
  const { upkeep } = await run(db.ownerUrl, await specOf('parts', 'UPDATE parts SET a = id WHERE a IS NULL'), {
    settings: { batchSize: 100, maxBatchSize: 100 },
    onEvent(event) {
      if (event.event !== 'progress' || meanwhile.length > 0) return;
      meanwhile.push(
        other.exec(`
        CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (4001) TO (6001) WITH (autovacuum_enabled = off);
        INSERT INTO parts SELECT i FROM generate_series(4001, 5000) i`),
      );
    },
  });
  await Promise.all(meanwhile);
  expect(upkeep).toMatchObject({
    table: 'public.parts',
    rowsUpdated: 5000,
    command: 'VACUUM (ANALYZE) public.parts',
  });
  // Later updates of a page clean up after those before.
  expect(upkeep?.deadRows).toBeGreaterThan(1000);
  const known = await session.query(`SELECT FROM tiptoe.backfill_table WHERE backfill = 'parts'`);
  expect(known).toHaveLength(3);
});

test('an INSERT: the table that it fills is looked after', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE source (id int PRIMARY KEY);
    INSERT INTO source SELECT generate_series(1, 5000);
    CREATE TABLE "Copy" (id int PRIMARY KEY) WITH (autovacuum_enabled = off);
    ANALYZE "Copy"`);
  const { upkeep } = await run(db.ownerUrl, await specOf('copied', 'INSERT INTO "Copy" SELECT s.id FROM source s'));
  expect(upkeep).toMatchObject({
    table: 'public."Copy"',
    deadRows: 0,
    rowsUpdated: 0,
    hotShare: null,
    command: 'ANALYZE public."Copy"',
    reason: '5,000 rows were changed since its last ANALYZE, and plans go by it',
  });
});

test('what the server has forgotten is not made up, and a locked table is not waited for', async () => {
  const session = await db.session();
  const admin = await db.session(db.adminUrl);
  await make(`
    CREATE TABLE forgotten (id int PRIMARY KEY, a int) WITH (autovacuum_enabled = off);
    INSERT INTO forgotten SELECT i FROM generate_series(1, 2000) i`);
  await run(db.ownerUrl, await specOf('forgotten', 'UPDATE forgotten SET a = id WHERE a IS NULL'));
  await admin.query('SELECT pg_stat_reset()');
  await counted(admin);
  const locker = await db.session();
  await locker.exec('BEGIN; LOCK TABLE forgotten');
  const { upkeep } = await backfillStatus(session, 'tiptoe', 'forgotten');
  await locker.exec('ROLLBACK');
  expect(upkeep).toMatchObject({ rowsUpdated: null, hotShare: null, tableBytes: null, tableGrowth: null });
  expect((await backfillStatus(session, 'tiptoe', 'forgotten')).upkeep?.tableBytes).toBeGreaterThan(0);
});

test('rows that come meanwhile, where nothing tells them from those that are done', async () => {
  await make(`
    CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO counter SELECT generate_series(1, 1000)`);
  const other = await db.session();
  const meanwhile: Promise<unknown>[] = [];
  const { outcome, cameMeanwhile } = await run(db.ownerUrl, await specOf('counter', 'UPDATE counter SET n = n + 1'), {
    settings: { batchSize: 100, maxBatchSize: 100, rate: 1000 },
    onEvent(event) {
      if (event.event !== 'progress' || meanwhile.length > 0) return;
      meanwhile.push(other.exec('INSERT INTO counter SELECT generate_series(-9, 0)'));
    },
  });
  await Promise.all(meanwhile);
  expect(outcome).toBe('succeeded');
  expect(cameMeanwhile).not.toBeNull();
  await other.close();
  await expect.poll(async () => (await verified('counter'))?.cameMeanwhile).toBe(10);
  const session = await db.session();
  const status = await backfillStatus(session, 'tiptoe', 'counter');
  expect(status).toMatchObject({ cannotTell: 'the statement has no WHERE', rowsInserted: 10 });
  expect(await session.query('SELECT FROM counter WHERE n = 0')).toHaveLength(10);
});
