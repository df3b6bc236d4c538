import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { describe, resolveConnection } from '../../src/db/connection.ts';

test('the flag wins over DATABASE_URL, and that over PG*, which fill in what a URL leaves out', () => {
  const env = { DATABASE_URL: 'postgres://b@two/two', PGHOST: 'three', PGUSER: 'c', PGPASSWORD: 'pw', PGPORT: '6000' };
  expect(resolveConnection({ databaseUrl: 'postgres://a@one/one', env })).toMatchObject({
    host: 'one',
    user: 'a',
    database: 'one',
    password: 'pw',
    port: 6000,
  });
  expect(resolveConnection({ env })).toMatchObject({ host: 'two', user: 'b', database: 'two' });
  expect(resolveConnection({ env: { ...env, DATABASE_URL: '' } })).toMatchObject({
    host: 'three',
    user: 'c',
    database: 'c',
  });
});

test('without a name it is the one of the account, as in psql', () => {
  const { username } = userInfo();
  expect(resolveConnection({ env: { PGHOST: 'db' } })).toMatchObject({
    host: 'db',
    port: 5432,
    user: username,
    database: username,
    password: undefined,
    tls: { mode: 'prefer' },
    connectTimeoutMs: 10_000,
  });
});

test.each([
  ['postgres://u:p%40%2Fss%3A@h:1/d%20b', { user: 'u', password: 'p@/ss:', host: 'h', port: 1, database: 'd b' }],
  ['postgresql://u@[::1]:5433/d', { host: '::1', port: 5433 }],
  ['postgres:///d?host=/var/run/postgresql&user=u', { host: '/var/run/postgresql', user: 'u', database: 'd' }],
  ['postgres://u@%2Frun%2Fpg/d', { host: '/run/pg' }],
  [
    'postgres://u@h/d?sslmode=verify-full&sslrootcert=ca.pem',
    { tls: { mode: 'verify-full', rootCert: 'ca.pem', cert: undefined, key: undefined } },
  ],
  ['postgres://u@h/d?connect_timeout=3&options=-c%20geqo%3Doff', { connectTimeoutMs: 3000, options: '-c geqo=off' }],
  ['postgres://u@h/d?schema=public', { database: 'd' }],
])('%s', (databaseUrl, settings) => {
  expect(resolveConnection({ databaseUrl, env: {} })).toMatchObject(settings);
});

test.each([
  ['host=localhost dbname=shop', '--database-url is not a postgres:// URL.'],
  ['mysql://u:s3cret@h/d', '--database-url is not a postgres:// URL.'],
  ['postgres://u:s3cret@h1,h2/d', '--database-url names several hosts; give the primary alone.'],
  ['postgres://u:s3cret@h:port/d', '--database-url cannot be read as a URL.'],
  ['postgres://u:s3c%ret@h/d', '--database-url cannot be read as a URL.'],
  ['postgres://u:s3cret@h:0/d', "The database connection's port is a whole number from 1 to 65535, not 0."],
  ['postgres://u:s3cret@h/d?sslmode=on', 'sslmode is disable, allow, prefer, require, verify-ca, verify-full, not on.'],
])('%s is refused in one line, without its password', (databaseUrl, message) => {
  expect(() => resolveConnection({ databaseUrl, env: {} })).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});

test('nothing given is a Problem that names the ways', () => {
  expect(() => resolveConnection({ env: { PGUSER: 'app' } })).toThrow(
    expect.objectContaining({ message: 'No database is given.', advice: expect.stringContaining('DATABASE_URL') }),
  );
});

test('a description has no password', () => {
  const describeUrl = (databaseUrl: string): string => describe(resolveConnection({ databaseUrl, env: {} }));
  expect(describeUrl('postgres://app:s3cret@db/shop')).toBe('app@db:5432/shop');
  expect(describeUrl('postgres://app:s3cret@[::1]/shop')).toBe('app@[::1]:5432/shop');
});
