import { beforeAll, expect, test } from 'vitest';
import { COUNTING, countRows } from '../../src/inspect/row-count.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

beforeAll(async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE "Odd.Name" AS SELECT g AS id FROM generate_series(1, 400) g;
    CREATE INDEX odd_index ON "Odd.Name" (id);
    CREATE VIEW odd_view AS TABLE "Odd.Name";
    CREATE MATERIALIZED VIEW odd_copy AS TABLE "Odd.Name";
    CREATE MATERIALIZED VIEW never_filled AS TABLE "Odd.Name" WITH NO DATA;
    CREATE TABLE nothing (id int);
    CREATE TABLE emptied AS SELECT g AS id FROM generate_series(1, 400) g;
    DELETE FROM emptied;
    CREATE TABLE parted (id int) PARTITION BY LIST (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
    INSERT INTO parted SELECT 1 + g % 2 FROM generate_series(1, 400) g`);
  await session.close();
});

const compared = async (limit: number, ...names: string[]) =>
  Object.fromEntries(await countRows(await db.session(db.ownerUrl, COUNTING), names, limit));

test('rows are counted exactly up to the limit, whatever the server believes', async () => {
  const names = ['public.Odd.Name', 'public."Odd.Name"', 'public.odd_index', 'public.odd_copy', 'public.parted'];
  for (const [name, count] of Object.entries(await compared(399, ...names)))
    expect(count.kind, `${name} has 400 rows`).toBe('more');
  for (const [name, count] of Object.entries(await compared(400, ...names)))
    expect(count.kind, `${name} has 400 rows`).toBe('within');
});

test('what has no rows, or is not there', async () => {
  const names = ['public.odd_view', 'public.never_filled', 'public.nothing', 'public.emptied', 'public.nowhere'];
  expect(Object.values(await compared(0, ...names)).map(({ kind }) => kind)).toEqual([
    'within',
    'within',
    'within',
    'within',
    'absent',
  ]);
});

test('the estimate is that of the planner, where there is one', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE known AS SELECT g AS id FROM generate_series(1, 5000) g');
  expect((await compared(10, 'public.known'))['public.known']).toEqual({ kind: 'more', rows: null });
  await session.exec('ANALYZE known; INSERT INTO known TABLE known');
  const [plan] = await session.query<{ 'QUERY PLAN': string }>('EXPLAIN TABLE known');
  const planned = Number(/rows=(\d+)/.exec(plan?.['QUERY PLAN'] ?? '')?.[1]);
  expect(planned).toBeGreaterThan(5_000);
  expect((await compared(10, 'public.known'))['public.known']).toEqual({ kind: 'more', rows: planned });
});

test('its size alone tells that a table is small, without a right to read it', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec('CREATE TABLE closed AS SELECT g AS id FROM generate_series(1, 400) g');
  expect((await compared(1_000, 'public.closed'))['public.closed']).toEqual({ kind: 'within' });
  expect((await compared(100, 'public.closed'))['public.closed']).toEqual({
    kind: 'unreadable',
    why: 'permission denied for table closed',
  });
});

test('looking waits for nobody, and goes on when the lock is gone in a moment', async () => {
  const other = await db.session();
  await other.exec('BEGIN; LOCK TABLE nothing');
  const counting = compared(0, 'public.nothing');
  const waiting = await db.session(db.adminUrl);
  await expect
    .poll(
      async () => (await waiting.query(`SELECT FROM pg_stat_activity WHERE application_name = 'tiptoe: count'`)).length,
      { interval: 10 },
    )
    .toBe(1);
  await other.exec('COMMIT');
  expect((await counting)['public.nothing']).toEqual({ kind: 'within' });
});

test('one that stays locked does not keep the others from being counted', async () => {
  const other = await db.session();
  await other.exec('BEGIN; LOCK TABLE nothing');
  expect(await compared(100, 'public.nothing', 'public.parted', 'public.nowhere')).toMatchObject({
    'public.nothing': { kind: 'unreadable', why: 'someone holds it under a lock that keeps readers out' },
    'public.parted': { kind: 'more' },
    'public.nowhere': { kind: 'absent' },
  });
});
