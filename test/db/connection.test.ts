import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
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
  ['postgres://u@h/d?sslrootcert=system', { tls: { mode: 'verify-full', rootCert: 'system' } }],
  ['postgres://u@h/d?ssl=true', { tls: { mode: 'require' } }],
  ['postgres://u:a+b@h/d?options=-c%20x%3Da+b', { password: 'a+b', options: '-c x=a+b' }],
  ['postgres://u:p:w@h', { user: 'u', password: 'p:w', database: 'u' }],
  [
    'postgres://u@h1,[::1]:5433,h3:/d',
    {
      host: 'h1',
      port: 5432,
      others: [
        { host: '::1', port: 5433 },
        { host: 'h3', port: 5432 },
      ],
      target: 'prefer-primary',
    },
  ],
  [
    'postgres:///d?host=h1,h2&port=6000&target_session_attrs=read-write',
    { host: 'h1', port: 6000, others: [{ host: 'h2', port: 6000 }], target: 'read-write' },
  ],
  ['postgres://db.example/d?hostaddr=10.0.0.7', { host: 'db.example', hostaddr: '10.0.0.7' }],
  [
    String.raw`host=/run/pg port = 5433 user='my \'app' password='it\'s \\' dbname=shop`,
    { host: '/run/pg', port: 5433, user: "my 'app", database: 'shop' },
  ],
  [
    'host=h application_name=psql keepalives=1 gssencmode=disable connect_timeout=2',
    { host: 'h', connectTimeoutMs: 2000 },
  ],
  ['postgres://u@h/d?connect_timeout=3&options=-c%20geqo%3Doff', { connectTimeoutMs: 3000, options: '-c geqo=off' }],
  ['postgres://u@h/d?schema=public', { database: 'd' }],
])('%s', (databaseUrl, settings) => {
  expect(resolveConnection({ databaseUrl, env: {} })).toMatchObject(settings);
});

test.each([
  ['mysql://u:s3cret@h/d', '--database-url is neither a postgres:// URL nor host=… dbname=….'],
  [`host=h password='s3cret`, '--database-url is neither a postgres:// URL nor host=… dbname=….'],
  ['postgres://u:s3c/ret@h/d', '--database-url cannot be read as a URL.'],
  ['postgres://u:5432/s3cret@h/d', '--database-url cannot be read as a URL.'],
  ['postgres://u:s3cret@h/d?sslmod=require', '--database-url has a parameter sslmod, which tiptoe does not know.'],
  ['postgres://u:s3cret@h/d?schema=shop', "--database-url has a parameter schema=shop, which is Prisma's own."],
  [
    'postgres://u:s3cret@h/d?channel_binding=require',
    'tiptoe cannot do what channel_binding=require in --database-url asks for.',
  ],
  ['postgres://u:s3cret@h/d?geqo', '--database-url has a parameter that is not name=value.'],
  ['postgres://u:s3cret@h1,h2,h3/d?port=1,2', 'The database connection has 2 ports for 3 servers.'],
  [
    'postgres://u:s3cret@h/d?target_session_attrs=writer',
    'target_session_attrs is any, read-write, read-only, primary, standby, prefer-standby, prefer-primary, not writer.',
  ],
  [
    'postgres://u:s3cret@h/d?sslmode=require&sslrootcert=system',
    'sslmode=require is too weak for sslrootcert=system: anyone can have a certificate of those authorities.',
  ],
  ['postgres://u:s3cret@h/d?sslnegotiation=direct', 'sslmode=prefer is too weak for sslnegotiation=direct.'],
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

const SERVICES = `# shops
[shop]
host=db1,db2
port=6000
password=s3cret
port=7000
[other]
host=elsewhere
sslmod=require
`;

test('a service fills in what the URL leaves out, before the variables do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tiptoe-service-'));
  try {
    const file = join(folder, 'services.conf');
    writeFileSync(file, SERVICES);
    const env = { PGSERVICEFILE: file, PGUSER: 'app', PGHOST: 'no', PGPORT: '1' };
    expect(resolveConnection({ databaseUrl: 'postgres:///d?service=shop', env })).toMatchObject({
      host: 'db1',
      port: 6000,
      others: [{ host: 'db2', port: 6000 }],
      user: 'app',
      password: 's3cret',
      database: 'd',
    });
    expect(resolveConnection({ env: { PGSERVICE: 'shop', PGSERVICEFILE: file, PGUSER: 'app' } })).toMatchObject({
      host: 'db1',
      database: 'app',
    });
    expect(() => resolveConnection({ env: { ...env, PGSERVICE: 'none', PGSYSCONFDIR: folder } })).toThrow(
      `The service none is not in ${file}, ${join(folder, 'pg_service.conf')}.`,
    );
    expect(() => resolveConnection({ env: { ...env, PGSERVICE: 'other' } })).toThrow(
      `${file} has a parameter sslmod, which tiptoe does not know.`,
    );
    expect(() => resolveConnection({ env: { PGSERVICE: 'shop', PGSERVICEFILE: join(folder, 'none') } })).toThrow(
      `Cannot read the service file ${join(folder, 'none')}.`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a description has no password', () => {
  const describeUrl = (databaseUrl: string): string => describe(resolveConnection({ databaseUrl, env: {} }));
  expect(describeUrl('postgres://app:s3cret@db/shop')).toBe('app@db:5432/shop');
  expect(describeUrl('postgres://app:s3cret@[::1]/shop')).toBe('app@[::1]:5432/shop');
});
