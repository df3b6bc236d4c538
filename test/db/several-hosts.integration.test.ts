import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { requireSameServer } from '../../src/db/server.ts';
import { openSession, type Session } from '../../src/db/session.ts';
import { run } from '../migrate/support.ts';
import { connectionTo } from '../support/database.ts';
import { crash, startPrimary, startStandby, type Replicable, type Standby } from '../support/standby.ts';

let primary: Replicable;
let standby: Standby;
const open: Session[] = [];

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary);
});
afterEach(async () => {
  for (const session of open.splice(0)) session.destroy();
});
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

/** A URL with the hosts in this order; port 1 has no server. */
function hosts(order: readonly (Replicable | null)[], query = '', password?: string): string {
  const { username, password: right } = new URL(primary.url);
  const places = order.map((server) => `127.0.0.1:${server === null ? 1 : new URL(server.url).port}`);
  return `postgres://${username}:${password ?? right}@${places.join(',')}/postgres?${query}`;
}

async function session(url: string): Promise<Session> {
  const one = await openSession(connectionTo(url), { applicationName: 'tiptoe test' });
  open.push(one);
  return one;
}

const portOf = ({ url }: Replicable) => Number(new URL(url).port);

test('of several hosts the primary is taken, or what target_session_attrs asks for', async () => {
  const reached = async (query: string) => (await session(hosts([null, standby, primary], query))).connection.port;
  expect(await reached('')).toBe(portOf(primary));
  expect(await reached('target_session_attrs=read-write')).toBe(portOf(primary));
  expect(await reached('target_session_attrs=primary')).toBe(portOf(primary));
  expect(await reached('target_session_attrs=any')).toBe(portOf(standby));
  expect(await reached('target_session_attrs=standby')).toBe(portOf(standby));
  expect(await reached('target_session_attrs=read-only')).toBe(portOf(standby));
  expect(await reached('target_session_attrs=prefer-standby')).toBe(portOf(standby));
});

test('where none will do, each says why; who is not let in does not ask the others', async () => {
  await expect(session(hosts([null, standby], 'target_session_attrs=primary'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(
      /^None of 2 servers will do\. Cannot connect to postgres@127\.0\.0\.1:1\/postgres: no server listens there\. postgres@127\.0\.0\.1:\d+\/postgres is a standby, and/,
    ) as unknown,
  });
  await expect(session(hosts([primary, standby], '', 'wr0ng'))).rejects.toThrow(
    /^Cannot connect to postgres@127\.0\.0\.1:\d+\/postgres: the password for the role postgres is wrong\.$/,
  );
});

test('two sessions on different servers are told apart', async () => {
  const [one, other] = [await session(primary.url), await session(standby.url)];
  await expect(requireSameServer(one, await session(primary.url))).resolves.toBeUndefined();
  await expect(requireSameServer(one, other)).rejects.toThrow(/have reached different servers\.$/);
});

test('the same command goes on after a failover', async () => {
  const files = { '1_a.sql': 'CREATE TABLE a (id int)', '2_b.sql': 'ALTER TABLE a ADD b int' };
  const url = hosts([primary, standby]);
  const { '1_a.sql': first } = files;
  expect(await run(url, { '1_a.sql': first }, { schema: 'tiptoe' })).toMatchObject({ outcome: 'done' });
  await standby.catchUp();
  await crash(primary);
  await expect(run(url, files, { schema: 'tiptoe' })).rejects.toThrow(/is a standby\.$/);
  await standby.promote();
  expect(await run(url, files, { schema: 'tiptoe' })).toMatchObject({
    outcome: 'done',
    files: [{ path: '2_b.sql', outcome: 'done' }],
  });
});
