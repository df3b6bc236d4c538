import { beforeAll, expect, test } from 'vitest';
import type { LockMode } from '../../src/postgres/lock-mode.ts';
import { blockersOf, blockingSessions, findHolders, shownQuery } from '../../src/safety/blockers.ts';
import { resolveTargets, stillThere } from '../../src/safety/targets.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

beforeAll(loadParser);

const onBook = (mode: LockMode) => [{ relation: 'public.book', mode }];

beforeAll(async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE book (id int PRIMARY KEY, title text); CREATE VIEW books AS SELECT * FROM book');
});

test('relations are found by their qualified name, each once with its strongest mode, in the order in which they were made', async () => {
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
    ['public.book', 'AccessExclusiveLock', true],
    ['public.books', 'AccessExclusiveLock', false],
    ['"Odd.one"."a b"', 'ShareLock', true],
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
      on: 'relation',
      relation: 'public.book',
      object: null,
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

test('parents are locked before what inherits from them, as the server does for queries', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE leaf (id int); CREATE TABLE a_leaf (id int);
    CREATE TABLE branch (id int) PARTITION BY RANGE (id); CREATE TABLE root (id int) PARTITION BY RANGE (id);
    ALTER TABLE branch ATTACH PARTITION leaf DEFAULT; ALTER TABLE root ATTACH PARTITION branch FOR VALUES FROM (0) TO (9);
    ALTER TABLE root ATTACH PARTITION a_leaf DEFAULT`);
  const wanted = ['a_leaf', 'leaf', 'branch', 'root'].map((name) => ({
    relation: `public.${name}`,
    mode: 'AccessExclusiveLock' as const,
  }));
  const order = (await resolveTargets(session, wanted)).map(({ relation }) => relation);
  expect(order).toEqual(['public.root', 'public.a_leaf', 'public.branch', 'public.leaf']);
  const again = (await resolveTargets(session, wanted.toReversed())).map(({ relation }) => relation);
  expect(again).toEqual(order);
});

test('a relation that was renamed or dropped since is noticed', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE fleeting (id int)');
  const targets = await resolveTargets(session, [{ relation: 'public.fleeting', mode: 'AccessExclusiveLock' }]);
  expect(await stillThere(session, targets)).toBe(true);
  await session.exec('ALTER TABLE fleeting RENAME TO gone; CREATE TABLE fleeting (id int)');
  expect(await stillThere(session, targets)).toBe(false);
  await session.exec('DROP TABLE gone, fleeting');
  expect(await stillThere(session, targets)).toBe(false);
});

test.each([
  {
    name: 'a row',
    held: `UPDATE book SET title = 'b' WHERE id = 1`,
    wanted: `UPDATE book SET title = 'c' WHERE id = 1`,
    blocker: { on: 'row', relation: 'book', object: null },
  },
  {
    name: 'an advisory lock with one key',
    held: 'SELECT pg_advisory_xact_lock(8589934593)',
    wanted: 'SELECT pg_advisory_xact_lock(8589934593)',
    blocker: { on: 'advisory', relation: '', object: '8589934593', lock: 'ExclusiveLock' },
  },
  {
    name: 'an advisory lock with two keys',
    held: 'SELECT pg_advisory_xact_lock(7, 8)',
    wanted: 'SELECT pg_advisory_xact_lock(7, 8)',
    blocker: { on: 'advisory', relation: '', object: '7, 8' },
  },
  {
    name: 'a type',
    held: 'DROP TYPE mood',
    wanted: `COMMENT ON TYPE mood IS 'of the day'`,
    blocker: { on: 'object', relation: '', object: 'type mood' },
  },
  {
    name: 'a table',
    held: 'LOCK TABLE book IN SHARE MODE',
    wanted: 'LOCK TABLE book IN EXCLUSIVE MODE',
    blocker: { on: 'relation', relation: 'book', object: null, lock: 'ShareLock' },
  },
])('who keeps a session waiting is told with what it holds: $name', async ({ held, wanted, blocker }) => {
  const [control, holder, waiting] = [await db.session(), await db.session(), await db.session()];
  await control.exec(`INSERT INTO book VALUES (1, 'a') ON CONFLICT DO NOTHING; DROP TYPE IF EXISTS mood;
    CREATE TYPE mood AS ENUM ('sad')`);
  await holder.exec(`BEGIN; ${held}`);
  const ends = waiting.exec(`BEGIN; ${wanted}; ROLLBACK`);
  await eventually(async () =>
    expect(await blockingSessions(control, waiting)).toEqual([
      expect.objectContaining({ kind: 'session', pid: holder.pid, ...blocker }),
    ]),
  );
  await holder.exec('ROLLBACK');
  await ends;
});

test('a prepared transaction that has changed the row is named', async () => {
  const [control, admin, waiting] = [await db.session(db.adminUrl), await db.session(db.adminUrl), await db.session()];
  await admin.exec(`INSERT INTO book VALUES (2, 'a') ON CONFLICT DO NOTHING`);
  const name = `row_${db.name}`;
  await admin.exec(`BEGIN; UPDATE book SET title = 'b' WHERE id = 2; PREPARE TRANSACTION '${name}'`);
  try {
    const ends = waiting.exec(`UPDATE book SET title = 'c' WHERE id = 2`);
    await eventually(async () =>
      expect(await blockingSessions(control, waiting)).toEqual([
        expect.objectContaining({ kind: 'prepared-transaction', pid: null, query: name, on: 'row', relation: 'book' }),
      ]),
    );
    await admin.exec(`ROLLBACK PREPARED '${name}'`);
    await ends;
  } finally {
    await admin.exec(`ROLLBACK PREPARED '${name}'`).catch(() => undefined);
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
