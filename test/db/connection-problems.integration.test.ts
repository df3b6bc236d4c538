import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSession } from '../../src/db/session.ts';
import { Problem } from '../../src/problem.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const database = testDatabase();
const temporary = ownTemporaryDirectory();

async function problemOf(url: string): Promise<Problem> {
  const problem = await openSession(connectionTo(url), { applicationName: 'tiptoe test' }).catch(
    (error: unknown) => error,
  );
  if (!(problem instanceof Problem)) throw new Error(`not a Problem: ${String(problem)}`);
  expect(problem.exitCode).toBe(2);
  expect(problem.advice).toBeTruthy();
  return problem;
}

function changed(change: (url: URL) => void): string {
  const url = new URL(database.ownerUrl);
  change(url);
  return url.href;
}

const CASES: readonly [string, (url: URL) => void, RegExp][] = [
  ['a wrong password', (url) => (url.password = 'wr0ng'), /: the password for the role owner_\w+ is wrong\.$/],
  ['no password', (url) => (url.password = ''), /: the server asks for a password and none is given\.$/],
  ['an unknown role', (url) => (url.username = 'nobody_here'), /: the password for the role nobody_here is wrong\.$/],
  ['an unknown database', (url) => (url.pathname = '/no_such_db'), /: the database no_such_db does not exist\.$/],
  ['a server without TLS', (url) => (url.search = 'sslmode=require'), /: the server does not speak TLS\.$/],
  ['an unknown host', (url) => (url.hostname = 'db.invalid'), /: the host name db\.invalid cannot be resolved\.$/],
  [
    'a bad option',
    (url) => (url.search = 'options=-c%20no.such=1%20-c%20nonsense=1'),
    /: unrecognized configuration parameter "nonsense"\.$/,
  ],
];

test.each(CASES)('%s', async (_, change, message) => {
  const problem = await problemOf(changed(change));
  expect(problem.message).toMatch(/^Cannot connect to \S+@\S+:\d+\/\w+: /);
  expect(problem.message).toMatch(message);
  expect(`${problem.message} ${problem.advice}`).not.toContain('wr0ng');
});

test('a password file that others may read is said to be the reason', async () => {
  const passfile = join(temporary.path, 'pgpass');
  await writeFile(passfile, '*:*:*:*:s3cret\n', { mode: 0o644 });
  const { message, advice } = await problemOf(
    changed((url) => {
      url.password = '';
      url.search = `passfile=${passfile}`;
    }),
  );
  expect(message).toBe(`The password file ${passfile} may be read by others, so it is not used.`);
  expect(advice).toBe(`chmod 600 ${passfile}`);
});

test('a port that nobody listens on', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const problem = await problemOf(`postgres://app@127.0.0.1:${port}/shop`);
  expect(problem.message).toBe(`Cannot connect to app@127.0.0.1:${port}/shop: no server listens there.`);
});

test('a Unix socket that is not there', async () => {
  const problem = await problemOf('postgres://app@%2Fno%2Fsuch/shop');
  expect(problem.message).toBe('Cannot connect to app@/no/such:5432/shop: no server listens there.');
});

test.each([
  ['never answers', () => {}, /: no answer within 1 s\.$/],
  ['hangs up', (socket: { destroy(): void }) => socket.destroy(), /: the server closed the connection\.$/],
])('a listener that %s', async (_, answer, message) => {
  const sockets: { destroy(): void }[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  try {
    const problem = await problemOf(`postgres://app@127.0.0.1:${port}/shop?connect_timeout=1`);
    expect(problem.message).toMatch(message);
  } finally {
    for (const socket of sockets) socket.destroy();
    listener.close();
  }
});

test('a database with no connection left, and one that the role may not use', async () => {
  const admin = await database.session(database.adminUrl);
  await admin.exec(`ALTER DATABASE ${database.name} CONNECTION LIMIT 0`);
  expect((await problemOf(database.ownerUrl)).message).toMatch(/: the server has no connection left\.$/);
  await admin.exec(`ALTER DATABASE ${database.name} CONNECTION LIMIT -1`);

  await admin.exec(`REVOKE CONNECT ON DATABASE ${database.name} FROM PUBLIC`);
  expect((await problemOf(database.trafficUrl)).message).toMatch(/: permission denied for database/);
});
