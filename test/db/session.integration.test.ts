import { expect, test } from 'vitest';
import { ConnectionLost, isConnectionLost, SqlFailure, sqlstate } from '../../src/db/errors.ts';
import type { Notice, Session } from '../../src/db/session.ts';
import { CommitUnknown, withTransaction } from '../../src/db/transaction.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

async function dozing(admin: Session, session: Session): Promise<boolean> {
  const found = await admin.query('SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = $2', [
    session.pid,
    'PgSleep',
  ]);
  return found.length === 1;
}

test('values come back as text, but for booleans and small integers', async () => {
  const session = await database.session();
  const [row] = await session.query(
    `SELECT true AS yes, 1::int2 AS small, 2::int4 AS int, 'pg_class'::regclass::oid > 0 AS has_oid,
            9007199254740993::int8 AS big, 0.10::numeric AS num, NULL AS nothing, '{1,2}'::int4[] AS list,
            $1::bigint AS parameter, $2::text[] AS texts`,
    [9_007_199_254_740_993n, ['a,b', null]],
  );
  expect(row).toEqual({
    yes: true,
    small: 1,
    int: 2,
    has_oid: true,
    big: '9007199254740993',
    num: '0.10',
    nothing: null,
    list: '{1,2}',
    parameter: '9007199254740993',
    texts: '{"a,b",NULL}',
  });
});

test('a session knows its backend', async () => {
  const session = await database.session();
  const [found] = await session.query<{ application_name: string }>(
    'SELECT application_name FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2',
    [session.pid, session.backendStart],
  );
  expect(found?.application_name).toBe('tiptoe test');
});

test('settings are set and read back, in the spelling of the server', async () => {
  const session = await database.session(database.ownerUrl, {
    settings: { lock_timeout: '5000ms', search_path: 'pg_catalog', DateStyle: 'SQL, DMY' },
  });
  expect(await session.query('SHOW lock_timeout')).toEqual([{ lock_timeout: '5s' }]);
  expect(session.backendStart).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('exec runs many statements and counts the rows of each', async () => {
  const session = await database.session();
  expect(await session.exec('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1), (2); DELETE FROM t')).toEqual([
    { command: 'CREATE', rowCount: undefined },
    { command: 'INSERT', rowCount: 2 },
    { command: 'DELETE', rowCount: 2 },
  ]);
  expect(await session.exec('-- nothing')).toHaveLength(1);
  expect(await session.run('INSERT INTO t VALUES ($1)', [3])).toEqual({ command: 'INSERT', rowCount: 1 });
});

test('query takes one statement', async () => {
  const session = await database.session();
  await expect(session.query('SELECT 1; SELECT 2')).rejects.toThrow('cannot insert multiple commands');
});

test('statements run in the order of the calls', async () => {
  const session = await database.session();
  const rows = await Promise.all(
    [1, 2, 3].map((n) => session.query<{ n: number }>('SELECT $1::int4 AS n, pg_sleep(0.01)', [n])),
  );
  expect(rows.flat().map(({ n }) => n)).toEqual([1, 2, 3]);
});

test("a server's error has its parts, and the session lives on", async () => {
  const session = await database.session();
  const failure = await session.query('SELECT "ü" AS x, missing').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SqlFailure);
  expect(failure).toMatchObject({
    sqlstate: '42703',
    message: 'column "ü" does not exist',
    position: 8,
    severity: 'ERROR',
  });

  await session.exec('CREATE TEMP TABLE p (id int CONSTRAINT positive CHECK (id > 0))');
  const violation = await session.exec('INSERT INTO p VALUES (-1)').catch((error: unknown) => error);
  expect(violation).toMatchObject({ sqlstate: '23514', table: 'p', constraint: 'positive' });
  expect((violation as SqlFailure).detail).toContain('Failing row');
  expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('notices are called back until they are no longer wanted', async () => {
  const session = await database.session();
  const notices: Notice[] = [];
  const stop = session.onNotice((notice) => notices.push(notice));
  await session.exec('DROP TABLE IF EXISTS missing');
  stop();
  await session.exec('DROP TABLE IF EXISTS missing');
  expect(notices).toMatchObject([
    { severity: 'NOTICE', sqlstate: '00000', message: expect.stringContaining('skipping') },
  ]);
});

test('an idle session that the server ends is seen as lost', async () => {
  const session = await database.session();
  const admin = await database.session(database.adminUrl);
  await admin.query('SELECT pg_terminate_backend($1)', [session.pid]);
  await expect.poll(() => session.lost.aborted).toBe(true);
  expect(session.lost.reason).toBeInstanceOf(ConnectionLost);
  await expect(session.query('SELECT 1')).rejects.toThrow(ConnectionLost);
});

test('a statement that the server ends says why', async () => {
  const session = await database.session();
  const admin = await database.session(database.adminUrl);
  const failure = session.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
  await expect.poll(() => dozing(admin, session)).toBe(true);
  await admin.query('SELECT pg_terminate_backend($1)', [session.pid]);
  expect(sqlstate(await failure)).toBe('57P01');
  expect(isConnectionLost(await failure)).toBe(true);
});

test('destroy ends a running statement, and is no loss', async () => {
  const session = await database.session();
  const failure = session.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
  session.destroy();
  expect(await failure).toBeInstanceOf(Error);
  expect(session.lost.aborted).toBe(false);
});

test('a transaction commits, or rolls back on an error', async () => {
  const session = await database.session();
  await session.exec('CREATE TEMP TABLE t (id int)');
  expect(await withTransaction(session, async () => (await session.run('INSERT INTO t VALUES (1)')).rowCount)).toBe(1);
  const failure = withTransaction(session, async () => {
    await session.run('INSERT INTO t VALUES (2)');
    expect(session.transactionStatus()).toBe('open');
    throw new Error('changed my mind');
  });
  await expect(failure).rejects.toThrow('changed my mind');
  expect(session.transactionStatus()).toBe('idle');
  expect(await session.query('SELECT id FROM t')).toEqual([{ id: 1 }]);
});

test('a commit that turns out to be a rollback is an error', async () => {
  const session = await database.session();
  const swallowed = withTransaction(session, async () => {
    await session.query('SELECT missing').catch(() => {});
    expect(session.transactionStatus()).toBe('failed');
  });
  await expect(swallowed).rejects.toThrow('rolled back instead');
});

test.each([
  [
    'is lost without a word leaves the outcome open',
    (session: Session) => session.destroy(),
    (error: unknown) => expect(error).toBeInstanceOf(CommitUnknown),
  ],
  [
    'the server ends with a reason is not committed',
    (session: Session, admin: Session) => admin.query('SELECT pg_terminate_backend($1)', [session.pid]),
    (error: unknown) => expect(sqlstate(error)).toBe('57P01'),
  ],
])('a session that during COMMIT %s', async (_, end, check) => {
  const session = await database.session();
  const admin = await database.session(database.adminUrl);
  await session.exec(`
    CREATE OR REPLACE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    DROP TABLE IF EXISTS slow;
    CREATE TABLE slow (id int);
    CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doze()`);
  const insert = () => session.run('INSERT INTO slow VALUES (1)');
  const failure = withTransaction(session, insert).catch((error: unknown) => error);
  await expect.poll(() => dozing(admin, session)).toBe(true);
  await end(session, admin);
  check(await failure);
  // A backend notices that its client is gone only when it wants to tell it something.
  await admin.query('SELECT pg_terminate_backend($1)', [session.pid]);
  await expect.poll(() => admin.query('SELECT FROM pg_stat_activity WHERE pid = $1', [session.pid])).toHaveLength(0);
});
