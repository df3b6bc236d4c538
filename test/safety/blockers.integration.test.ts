import { beforeAll, expect, test } from 'vitest';
import type { LockMode } from '../../src/postgres/lock-mode.ts';
import { blockersOf, findHolders, shownQuery } from '../../src/safety/blockers.ts';
import { resolveTargets } from '../../src/safety/targets.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

beforeAll(loadParser);

const onBook = (mode: LockMode) => [{ relation: 'public.book', mode }];

beforeAll(async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE book (id int PRIMARY KEY, title text); CREATE VIEW books AS SELECT * FROM book');
});

test('relations are found by their qualified name, each once with its strongest mode, in one order', async () => {
  const session = await db.session();
  await session.exec('CREATE SCHEMA "Odd.one"; CREATE TABLE "Odd.one"."a b" (id int)');
  const targets = await resolveTargets(session, [
    { relation: 'public.books', mode: 'AccessExclusiveLock' },
    { relation: 'public.book', mode: 'ShareLock' },
    { relation: 'public.book', mode: 'AccessExclusiveLock' },
    { relation: 'Odd.one.a b', mode: 'ShareLock' },
    { relation: 'public.nothing', mode: 'ShareLock' },
  ]);
  expect(targets.map(({ relation, mode, lockable }) => [relation, mode, lockable])).toEqual([
    ['"Odd.one"."a b"', 'ShareLock', true],
    ['public.book', 'AccessExclusiveLock', true],
    ['public.books', 'AccessExclusiveLock', false],
  ]);
});

test('only holders of conflicting locks are in the way, and their queries are shown without their values', async () => {
  const [control, admin] = [await db.session(), await db.session(db.adminUrl)];
  const reader = await db.session(db.trafficUrl, { applicationName: 'reader' });
  await reader.exec(`BEGIN; SELECT * FROM book WHERE title = 'top secret'`);
  const writers = await resolveTargets(control, onBook('ShareLock'));
  expect(await findHolders(control, writers, [])).toEqual([]);

  const everyone = await resolveTargets(control, onBook('AccessExclusiveLock'));
  const seen = blockersOf(await findHolders(admin, everyone, [control, admin]));
  expect(seen).toEqual([
    {
      kind: 'session',
      pid: reader.pid,
      application: 'reader',
      user: db.trafficRole,
      state: 'idle in transaction',
      transactionAgeMs: expect.any(Number) as unknown,
      relation: 'public.book',
      lock: 'AccessShareLock',
      query: expect.stringContaining('title = $1') as unknown,
    },
  ]);
});

test('what the server hides is unknown, not zero', async () => {
  const control = await db.session();
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT FROM book');
  const [holder] = await findHolders(control, await resolveTargets(control, onBook('AccessExclusiveLock')), []);
  expect(holder).toMatchObject({ pid: reader.pid, transactionAgeMs: null, state: null, query: null });
});

test('a prepared transaction is in the way too', async () => {
  const [control, admin] = [await db.session(), await db.session(db.adminUrl)];
  const name = `prepared_${db.name}`;
  await admin.exec(`BEGIN; LOCK TABLE book IN SHARE MODE; PREPARE TRANSACTION '${name}'`);
  try {
    const targets = await resolveTargets(control, onBook('AccessExclusiveLock'));
    const [blocker] = blockersOf(await findHolders(control, targets, []));
    expect(blocker).toMatchObject({ kind: 'prepared-transaction', pid: null, query: name, lock: 'ShareLock' });
    expect(blocker?.transactionAgeMs).toBeGreaterThanOrEqual(0);
  } finally {
    await admin.exec(`ROLLBACK PREPARED '${name}'`);
  }
});

test.each([
  [`SELECT * FROM t WHERE a = 'x' AND b = 3`, 'SELECT * FROM t WHERE a = $1 AND b = $2'],
  [`SELECT * FROM t WHERE a = 'cut o`, 'SELECT * FROM t WHERE a = ?'],
  ['<insufficient privilege>', null],
  ['', null],
])('%s is shown as %s', (query, shown) => {
  expect(shownQuery(query)).toBe(shown);
});

test('passwords are masked, and long queries are cut', () => {
  expect(shownQuery(`ALTER ROLE ann PASSWORD 'hunter2'`)).not.toContain('hunter2');
  expect(shownQuery(`CREATE USER MAPPING FOR ann SERVER s OPTIONS (password 'hunter2'`)).not.toContain('hunter2');
  expect(shownQuery(`SELECT ${'a, '.repeat(200)} 1`)).toHaveLength(200);
});
