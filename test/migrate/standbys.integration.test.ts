import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSession, type Session } from '../../src/db/session.ts';
import { DEFAULT_LIMITS } from '../../src/safety/limits.ts';
import { connectionTo } from '../support/database.ts';
import { type Replicable, type Standby, startPrimary, startStandby } from '../support/standby.ts';
import { run } from './support.ts';

let primary: Replicable;
let standby: Standby;

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary);
}, 60_000);
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

const on = <T>({ url }: { readonly url: string }, work: (session: Session) => Promise<T>) =>
  withSession(connectionTo(url), { applicationName: 'tiptoe test' }, work);
const pause = () => on(standby, (session) => session.query('SELECT pg_wal_replay_pause()'));
const resume = () => on(standby, (session) => session.query('SELECT pg_wal_replay_resume()'));
const limits = { ...DEFAULT_LIMITS, giveUpAfterMs: 1_500 };

test('with a standby that keeps up it goes through, and what was applied has been replayed', async () => {
  const result = await run(
    primary.url,
    { '1_a.sql': 'CREATE TABLE replayed AS SELECT generate_series(1, 20000) AS n;' },
    { schema: 'standby_fine', maxLagMs: 0 },
  );
  expect(result.outcome).toBe('done');
  expect(await on(standby, (session) => session.query('SELECT count(*)::int AS n FROM replayed'))).toEqual([
    { n: 20_000 },
  ]);
});

test('a standby that was behind before we came is of unknown lag, never of none', async () => {
  await pause();
  try {
    await on(primary, (session) => session.exec('CREATE TABLE behind ()'));
    const result = await run(
      primary.url,
      { '1_a.sql': 'SELECT 1;' },
      { schema: 'standby_behind', maxLagMs: 60_000, limits },
    );
    expect(result).toMatchObject({
      exitCode: 3,
      reason: 'replicas-behind',
      message: expect.stringMatching(
        /^The standby standby \(at least 1\.\d s behind\) did not come within 1min in 1\.5 s; 1_a\.sql was not begun\.$/,
      ) as unknown,
      files: [{ outcome: 'pending' }],
    });
  } finally {
    await resume();
  }
});

test('after a migration it waits until the lag is below the limit, and what comes next is not begun before', async () => {
  const files = {
    '1_a.sql': 'CREATE TABLE first_of_two (); SELECT pg_sleep(1.5);',
    '2_b.sql': 'CREATE TABLE second_of_two ();',
  };
  const resumed: Promise<unknown>[] = [];
  const result = await run(primary.url, files, {
    schema: 'standby_slow',
    maxLagMs: 500,
    onEvent: ({ event, ...rest }) => {
      if (event === 'waiting-for-replicas' && 'path' in rest && rest.path === '2_b.sql') resumed.push(resume());
    },
    before: async () => {
      await pause();
      return null;
    },
  });
  await Promise.all(resumed);
  expect(result.outcome).toBe('done');
  const order = result.events.map((event) => ('path' in event ? `${event.event} ${event.path}` : event.event));
  expect(order.indexOf('waiting-for-replicas 2_b.sql')).toBeGreaterThan(order.indexOf('file-done 1_a.sql'));
  expect(order.indexOf('file 2_b.sql')).toBeGreaterThan(order.lastIndexOf('waiting-for-replicas 2_b.sql'));
});

test('a role that may not see the lag is told which GRANT it needs, before anything is begun', async () => {
  await on(primary, (session) =>
    session.exec(`CREATE ROLE nosy LOGIN PASSWORD 'nosy'; GRANT CREATE ON DATABASE postgres TO nosy`),
  );
  const url = new URL(primary.url);
  url.username = 'nosy';
  url.password = 'nosy';
  const blind = run(url.href, { '1_a.sql': 'SELECT 1;' }, { schema: 'standby_hidden', maxLagMs: 5_000 });
  await expect(blind).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('Role nosy may not see how far the standby is behind') as unknown,
    advice: expect.stringContaining('GRANT pg_monitor TO nosy;') as unknown,
  });
});

test('a standby that vanishes stops the run', async () => {
  const files = { '1_a.sql': 'SELECT 1;', '2_b.sql': 'SELECT 2;' };
  const result = await run(primary.url, files, {
    schema: 'standby_gone',
    maxLagMs: 5_000,
    limits,
    before: async () => {
      await on(standby, (session) => session.exec(`ALTER SYSTEM SET primary_conninfo = ''`));
      await on(standby, (session) => session.query('SELECT pg_reload_conf()'));
      return null;
    },
  });
  expect(result).toMatchObject({
    exitCode: 3,
    reason: 'replicas-behind',
    message:
      'The standby standby has gone from pg_stat_replication and did not come back within 1.5 s; 2_b.sql was not begun.',
    files: [{ outcome: 'done' }, { outcome: 'pending' }],
  });
  const alone = await run(primary.url, files, { schema: 'standby_gone', maxLagMs: 5_000, limits });
  expect(alone.outcome).toBe('done');
  expect(alone.events).toContainEqual({ event: 'warning', path: null, message: 'There are no standbys to wait for.' });
});
