import { afterEach, expect, inject, test } from 'vitest';
import { detectPooler, readServer, requireDirect, requirePrimary } from '../../src/db/server.ts';
import { testDatabase } from '../support/database.ts';
import type { TransactionPooler } from '../support/pooler.ts';
import { startPooler } from '../support/pooler.ts';

const database = testDatabase();
const poolers: TransactionPooler[] = [];
afterEach(async () => {
  await Promise.all(poolers.splice(0).map((pooler) => pooler.stop()));
});

test('the server says what it is and what the role may do', async () => {
  expect(await readServer(await database.session())).toMatchObject({
    version: inject('serverVersion'),
    isStandby: false,
    readOnly: false,
    database: database.name,
    user: database.ownerRole,
    isSuperuser: false,
    seesAllActivity: false,
    cancelsOthers: false,
  });
  const admin = await readServer(await database.session(database.adminUrl));
  expect(admin).toMatchObject({ isSuperuser: true, seesAllActivity: true, cancelsOthers: true });
});

test('a server that is set to read-only is refused', async () => {
  const session = await database.session(database.ownerUrl, { settings: { default_transaction_read_only: 'on' } });
  const server = await readServer(session);
  expect(() => requirePrimary(server, session.connection)).toThrow(/^Transactions on .* are read-only/);
});

test('a standby is refused', async () => {
  const session = await database.session();
  const server = { ...(await readServer(session)), isStandby: true };
  expect(() => requirePrimary(server, session.connection)).toThrow(`${database.name} is a standby.`);
});

test('a direct connection is not taken for a pooler', async () => {
  const session = await database.session();
  expect(await detectPooler(session)).toBe(false);
  await expect(requireDirect(session)).resolves.toBeUndefined();
});

test('a transaction pooler is refused', async () => {
  const pooler = await startPooler(database.ownerUrl);
  poolers.push(pooler);
  const session = await database.session(pooler.url);
  await expect(requireDirect(session)).rejects.toThrow(/is a connection pooler/);
});

test('a transaction pooler with other clients on it is refused', async () => {
  const pooler = await startPooler(database.ownerUrl);
  poolers.push(pooler);
  const [session, ...others] = await Promise.all([1, 2, 3].map(() => database.session(pooler.url)));
  const done = new AbortController();
  const traffic = others.map(async (other) => {
    while (!done.signal.aborted) await other.query('SELECT 1');
  });
  try {
    expect(session && (await detectPooler(session))).toBe(true);
  } finally {
    done.abort();
    await Promise.all(traffic);
  }
});
