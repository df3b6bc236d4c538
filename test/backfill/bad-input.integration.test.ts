import { beforeAll, describe, expect, test } from 'vitest';
import { readKey } from '../../src/backfill/spec.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf } from './support.ts';

const db = testDatabase();

beforeAll(async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE users (id bigint PRIMARY KEY, email text, nick text UNIQUE, tenant int NOT NULL, code int NOT NULL, UNIQUE (tenant, code));
    CREATE TABLE keyless (a int, b int UNIQUE);
    CREATE TABLE partial (a int NOT NULL, b int NOT NULL);
    CREATE UNIQUE INDEX ON partial (a) WHERE b > 0;
    CREATE TABLE mixed (a int NOT NULL, b int NOT NULL);
    CREATE UNIQUE INDEX ON mixed (a, b DESC);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child () INHERITS (parent);
    CREATE VIEW people AS SELECT * FROM users;
    CREATE TABLE guarded (id int PRIMARY KEY, n int);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE TABLE totals (n bigint)`);
  const admin = await db.session(db.adminUrl);
  await admin.exec(`
    CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE loose (id text COLLATE loose PRIMARY KEY, n int);
    CREATE TABLE foreign_owned (id int PRIMARY KEY, n int);
    GRANT SELECT ON foreign_owned TO ${db.ownerRole}`);
});

describe('one line, and what to do next, for', () => {
  test.each([
    [
      'UPDATE nobody SET a = 1',
      /^There is no table nobody in the database test_\w+\.$/,
      /^The search path is "\$user", public;/,
    ],
    ['UPDATE public.nobody SET a = 1', /^There is no table public\.nobody in/, /apply the migration/],
    [
      'UPDATE users SET emial = 1',
      /^The server refuses the statement: column "emial" of relation "users" does not exist \(SQLSTATE 42703\)\.$/,
      /./,
    ],
    ['UPDATE users SET email = 1 WHERE id = now()', /^The server refuses the statement: operator does not exist/, /./],
    [
      'UPDATE keyless SET a = a + 1',
      /^public\.keyless has no primary key, and no unique index on columns that are NOT NULL\. Without a key only/,
      /Add a WHERE that tells them/,
    ],
    ['UPDATE partial SET a = a', /^public\.partial has no primary key/, /./],
    ['UPDATE mixed SET a = a', /^public\.mixed has no primary key/, /./],
    ['DELETE FROM loose', /nondeterministic collation loose, in which different texts are equal/, /another unique key/],
    [
      'UPDATE users SET id = id + 1',
      /^The statement changes id, a column of the key that is walked/,
      /another unique key/,
    ],
    ['UPDATE people SET email = 1', /^public\.people is a view;/, /./],
    ['DELETE FROM parent', /^Other tables inherit from public\.parent/, /^Write ONLY public\.parent/],
    ['UPDATE guarded SET n = 1', /^Row-level security hides rows of public\.guarded/, /BYPASSRLS/],
    [
      'INSERT INTO totals SELECT count(*) FROM users GROUP BY tenant',
      /^The SELECT has GROUP BY without the key \(id\) of the table that is walked; a batch would see parts of groups only\.$/,
      /first in FROM/,
    ],
    ['INSERT INTO totals SELECT DISTINCT code FROM users', /^The SELECT has DISTINCT without the key/, /ON CONFLICT/],
    ['INSERT INTO totals SELECT count(*) FROM users', /^The SELECT uses the aggregate count/, /./],
    [
      'DELETE FROM users WHERE code < (SELECT avg(code) FROM users)',
      /^The statement reads .* by the aggregate avg,/,
      /./,
    ],
    ['UPDATE users SET code = (SELECT max(code) + 1 FROM users)', /^The statement reads .* by the aggregate max,/, /./],
    [
      'INSERT INTO totals SELECT id + (SELECT max(n) FROM totals) FROM users',
      /^The statement reads .* by the aggregate max,/,
      /./,
    ],
    [
      'UPDATE foreign_owned SET n = 1',
      /^Role owner_\w+ may not run the statement: permission denied for table foreign_owned\.$/,
      /^GRANT SELECT, UPDATE ON public\.foreign_owned TO owner_\w+;/,
    ],
  ])('%s', async (sql, message, advice) => {
    await expect(run(db.ownerUrl, await specOf('bad', sql))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message) as unknown,
      advice: expect.stringMatching(advice) as unknown,
    });
  });

  test.each([
    ['idd', /^public\.users has no column idd\.$/, 'Did you mean id?'],
    ['email', /^public\.users has no unique index on \(email\)\.$/, expect.stringContaining('exactly these columns')],
    ['code, tenant', /^public\.users has no unique index on \(code, tenant\)\.$/, expect.any(String)],
    [
      'nick',
      /^The key column nick of public\.users may be NULL; such rows would never be visited\.$/,
      expect.any(String),
    ],
  ])('the key %s', async (key, message, advice) => {
    const spec = { ...(await specOf('bad-key', 'UPDATE users SET email = 1')), keyColumns: readKey(key) };
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message) as unknown,
      advice: advice as unknown,
    });
  });

  test('a name that nobody knows', async () => {
    await run(db.ownerUrl, await specOf('001_known', `UPDATE users SET email = 'x'`));
    await expect(run(db.ownerUrl, { name: '001_knwn' })).rejects.toMatchObject({
      exitCode: 2,
      message: 'There is no backfill 001_knwn, neither a file nor in tiptoe.backfill.',
      advice: 'Did you mean 001_known?',
    });
  });

  test('a statement or key that was changed after the start', async () => {
    const session = await db.session();
    await session.exec('INSERT INTO users SELECT i, NULL, NULL, i, i FROM generate_series(1, 100) i');
    const sql = 'UPDATE users SET email = 1 / (100 - id)';
    const settings = { batchSize: 10, maxBatchSize: 10 };
    expect(await run(db.ownerUrl, await specOf('edited', sql), { settings })).toMatchObject({ outcome: 'gave-up' });
    await expect(run(db.ownerUrl, await specOf('edited', `${sql} + 1`))).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        /^The statement of edited was changed after it had started \(\d+ keys visited/,
      ) as unknown,
    });
    await expect(
      run(db.ownerUrl, { ...(await specOf('edited', sql)), keyColumns: ['tenant', 'code'] }),
    ).rejects.toMatchObject({
      exitCode: 1,
      message: 'The key of edited was changed after it had started: (id) is now (tenant, code).',
    });
  });

  test('a server that is not there', async () => {
    const url = new URL(db.ownerUrl);
    url.port = '1';
    await expect(run(url.href, { name: 'x' })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^Cannot connect to /) as unknown,
    });
  });
});
