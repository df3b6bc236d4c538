import { afterEach, expect, test } from 'vitest';
import { detectPooler } from '../../src/db/server.ts';
import { ledger, run } from '../migrate/support.ts';
import { testDatabase } from '../support/database.ts';
import { startPgBouncer, type PgBouncer } from '../support/pgbouncer.ts';

const db = testDatabase();
const started: PgBouncer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((bouncer) => bouncer.stop()));
});

async function through(settings: Readonly<Record<string, string>>): Promise<URL> {
  const bouncer = await startPgBouncer(db.ownerUrl, settings);
  started.push(bouncer);
  return new URL(bouncer.url);
}

const FILES = {
  '1_t.sql': 'CREATE TABLE through_bouncer (id int)',
  '2_i.sql': 'CREATE INDEX CONCURRENTLY through_bouncer_id ON through_bouncer (id)',
  '3_c.sql': 'ALTER TABLE through_bouncer ADD c int',
};

test.each([
  ['transaction', {}],
  ['transaction', { server_reset_query_always: '1', server_reset_query: 'DISCARD ALL' }],
  ['transaction', { auth_type: 'md5', server_round_robin: '1' }],
  ['statement', {}],
])('pool_mode = %s is refused before anything is written, and the way out is said: %o', async (pool_mode, more) => {
  const { href } = await through({ pool_mode, ...more });
  await expect(run(href, FILES, { schema: 'refused' })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(
      /is a connection pooler that shares sessions between clients\.$|: a connection pooler shares it with others\.$/,
    ) as unknown,
    advice: expect.stringContaining('pool_mode = session') as unknown,
  });
  const session = await db.session();
  expect(await session.query(`SELECT WHERE to_regnamespace('refused') IS NOT NULL`)).toEqual([]);
});

test('pool_mode = transaction is found out under the traffic of others', async () => {
  const { href } = await through({ pool_mode: 'transaction' });
  const [session, ...others] = await Promise.all([1, 2, 3, 4].map(() => db.session(href)));
  const done = new AbortController();
  const traffic = others.map(async (other) => {
    while (!done.signal.aborted) await other.exec('BEGIN; SELECT pg_sleep(0.002); COMMIT');
  });
  expect(session && (await detectPooler(session))).toBe(true);
  done.abort();
  await Promise.all(traffic);
});

test.each([
  ['scram-sha-256', { server_reset_query: 'DISCARD ALL' }],
  ['md5', { server_reset_query: '', server_check_delay: '0' }],
])('pool_mode = session works: %s, %o', async (auth_type, more) => {
  const { href } = await through({ pool_mode: 'session', auth_type, ...more });
  const schema = `session_${auth_type.replaceAll('-', '_')}`;
  const files = { ...FILES, '0_fresh.sql': 'DROP TABLE IF EXISTS through_bouncer' };
  expect(await run(href, files, { schema })).toMatchObject({ outcome: 'done' });
  expect(await ledger(await db.session(), schema)).toEqual([
    ['0_fresh', 'done'],
    ['1_t', 'done'],
    ['2_i', 'done'],
    ['3_c', 'done'],
  ]);
});

const messageOf = async (change: (url: URL) => void, settings: Readonly<Record<string, string>> = {}) => {
  const url = await through({ pool_mode: 'session', ...settings });
  change(url);
  const problem = await run(url.href, FILES, { schema: 'never' }).catch((error: unknown) => error);
  expect(problem).toMatchObject({ exitCode: 2, advice: expect.any(String) as unknown });
  return (problem as Error).message.replace(/^Cannot connect to \S+: /, '');
};

test('what the pooler refuses is said in its own words', async () => {
  expect(await messageOf((url) => (url.search = 'options=-c%20geqo%3Doff'))).toBe(
    "the connection pooler there does not let the parameter 'options' through.",
  );
  const unknown = /^the connection pooler there does not know the role \w+ with this password\.$/;
  expect(await messageOf((url) => (url.password = 'wr0ng'), { auth_type: 'scram-sha-256' })).toMatch(unknown);
  expect(await messageOf((url) => (url.username = 'somebody'), { auth_type: 'md5' })).toMatch(unknown);
  expect(await messageOf((url) => (url.pathname = '/no_such_db'))).toBe(
    'the connection pooler there has no database no_such_db.',
  );
});

test('ignored startup parameters do no harm', async () => {
  const url = await through({ pool_mode: 'session', ignore_startup_parameters: 'options' });
  url.search = 'options=-c%20geqo%3Doff';
  expect(await detectPooler(await db.session(url.href))).toBe(false);
});

test('a pool with one server connection does not leave us waiting', async () => {
  const small = { default_pool_size: '1' };
  expect(await messageOf((url) => (url.search = 'connect_timeout=1'), small)).toBe(
    'the connection stands, but nothing was answered within 1 s.',
  );
  expect(await messageOf(() => {}, { ...small, query_wait_timeout: '1' })).toBe(
    'a connection pooler there had no server connection left for us.',
  );
});
