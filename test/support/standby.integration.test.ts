import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSession, type Session } from '../../src/db/session.ts';
import { connectionTo } from './database.ts';
import { crash, startPrimary, startStandby, type Replicable, type Standby } from './standby.ts';

let primary: Replicable;
let standby: Standby;
let cascaded: Standby;

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary);
  cascaded = await startStandby(standby);
});
afterAll(async () => {
  for (const server of [cascaded, standby, primary]) await server.stop();
});

const on = <T>({ url }: Replicable, work: (session: Session) => Promise<T>) =>
  withSession(connectionTo(url), { applicationName: 'tiptoe test' }, work);

test('what the primary writes arrives at a standby and at a standby of that, also after a failover', async () => {
  await on(primary, (session) => session.exec('CREATE TABLE t (id int); INSERT INTO t VALUES (1)'));
  await standby.catchUp();
  await cascaded.catchUp();
  for (const server of [standby, cascaded]) {
    expect(await on(server, (session) => session.query('SELECT id, pg_is_in_recovery() AS standby FROM t'))).toEqual([
      { id: 1, standby: true },
    ]);
  }

  await crash(primary);
  await standby.promote();
  await on(standby, (session) => session.exec('INSERT INTO t VALUES (2)'));
  await cascaded.catchUp();
  expect(await on(cascaded, (session) => session.query('SELECT id FROM t ORDER BY id'))).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
});
