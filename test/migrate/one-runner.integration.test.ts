import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionTo, testDatabase } from '../support/database.ts';
import { crash, startPrimary, startStandby, type Replicable, type Standby } from '../support/standby.ts';
import { withSession } from '../../src/db/session.ts';
import { columns, ledger, run } from './support.ts';

const db = testDatabase();
let primary: Replicable;
let standby: Standby;

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary);
});
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

test('two at once, twenty times: one does it, the other waits and finds it done', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE twice (id int)');
  for (let round = 1; round <= 20; round += 1) {
    const files = { [`${round}_add.sql`]: `ALTER TABLE twice ADD c${round} int` };
    const schema = `twice_${round}`;
    const both = await Promise.all([1, 2].map(() => run(db.ownerUrl, files, { schema, waitForRunnerMs: 30_000 })));
    expect(both.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(both.map(({ files: done }) => done.length).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(await ledger(session, schema)).toEqual([[`${round}_add`, 'done']]);
  }
  expect(await columns(session, 'twice')).toHaveLength(21);
});

test('a runner whose server fails over is followed by the next one at once', async () => {
  const files = { '1_a.sql': 'CREATE TABLE a (id int)', '2_b.sql': 'ALTER TABLE held ADD b int' };
  await withSession(connectionTo(primary.url), { applicationName: 'tiptoe test' }, async (holder) => {
    await holder.exec('CREATE TABLE held (id int)');
    await holder.exec('BEGIN; LOCK TABLE held IN ACCESS SHARE MODE');
    let died: Promise<void> | undefined;
    const first = await run(primary.url, files, {
      schema: 'tiptoe',
      onEvent({ event }) {
        if (event === 'waiting-for-lock') died ??= standby.catchUp().then(() => crash(primary));
      },
    });
    await died;
    expect(first).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'connection-lost' });
  });

  await standby.promote();
  await withSession(connectionTo(standby.url), { applicationName: 'tiptoe test' }, async (session) => {
    const [lease] = await session.query(`SELECT expires_at > now() AS "notExpired", owner FROM tiptoe.lease`);
    expect(lease).toMatchObject({ notExpired: true, owner: expect.stringContaining('tester@here') as unknown });
    const second = await run(standby.url, files, { schema: 'tiptoe', waitForRunnerMs: 0 });
    expect(second).toMatchObject({ outcome: 'done', files: [{ path: '2_b.sql', outcome: 'done' }] });
    expect(await ledger(session, 'tiptoe')).toEqual([
      ['1_a', 'done'],
      ['2_b', 'done'],
    ]);
    expect(await columns(session, 'held')).toEqual(['id', 'b']);
  });
});
