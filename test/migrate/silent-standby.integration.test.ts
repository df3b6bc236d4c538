import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSession, type Session } from '../../src/db/session.ts';
import { connectionTo } from '../support/database.ts';
import { startPrimary, startStandby, type Replicable, type Standby } from '../support/standby.ts';
import { columns, run } from './support.ts';

const FAST = { maxStallMs: 200, capMs: 500, giveUpAfterMs: 2_000 };

let primary: Replicable;
let standby: Standby | undefined;

beforeAll(async () => {
  primary = await startPrimary();
  await onPrimary((session) => session.exec('CREATE TABLE book (a int)'));
});
afterAll(async () => {
  await standby?.stop();
  await primary.stop();
});

const onPrimary = <T>(work: (session: Session) => Promise<T>) =>
  withSession(connectionTo(primary.url), { applicationName: 'tiptoe test' }, work);

async function configure(settings: Readonly<Record<string, string>>): Promise<void> {
  await onPrimary(async (session) => {
    for (const [name, value] of Object.entries(settings)) await session.exec(`ALTER SYSTEM SET ${name} = '${value}'`);
    await session.query('SELECT pg_reload_conf()');
    for (const [name, value] of Object.entries(settings))
      while ((await session.query(`SELECT WHERE current_setting($1) = $2`, [name, value])).length === 0)
        await session.query('SELECT pg_sleep(0.02)');
  });
}

const unconfirmed = (schema: string) =>
  onPrimary((session) => session.query(`SELECT name, state, unconfirmed FROM ${schema}.migration ORDER BY name`));

test('where the synchronous standby is missing, nothing is begun that its COMMIT could not end', async () => {
  await configure({ synchronous_standby_names: 'FIRST 1 (standby)' });
  const files = { '1_a.sql': 'ALTER TABLE book ADD b int', '2_b.sql': 'CREATE INDEX CONCURRENTLY ON book (a)' };
  const refused = await run(primary.url, files, { schema: 'missing', limits: FAST });
  expect(refused).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'standby-missing' });
  expect(refused.message).toContain(
    `1_a.sql was not begun: its COMMIT would wait for a synchronous standby that is not there`,
  );
  expect(refused.message).toContain(
    `(synchronous_standby_names is 'FIRST 1 (standby)', which takes 1, and 0 are connected)`,
  );
  expect(await onPrimary((session) => columns(session, 'book'))).toEqual(['a']);
  const later = await run(primary.url, { '2_b.sql': files['2_b.sql'] }, { schema: 'missing', limits: FAST });
  expect(later.message).toContain('2_b.sql was not begun');
});

test('who does not want to wait for it says so', async () => {
  const local = `${primary.url}?options=-c%20synchronous_commit%3Dlocal`;
  expect(
    await run(local, { '1_a.sql': 'ALTER TABLE book ADD local int' }, { schema: 'asked', limits: FAST }),
  ).toMatchObject({ outcome: 'done' });
  const inFile = `SET LOCAL synchronous_commit = 'local'; ALTER TABLE book ADD in_file int`;
  expect(await run(primary.url, { '1_a.sql': inFile }, { schema: 'in_file', limits: FAST })).toMatchObject({
    outcome: 'done',
  });
  expect(await unconfirmed('in_file')).toEqual([{ name: '1_a', state: 'done', unconfirmed: false }]);
});

test('a COMMIT that a connected standby does not confirm stands, is told as that, and kept', async () => {
  await configure({ synchronous_standby_names: '' });
  standby = await startStandby(primary);
  await standby.catchUp();
  await withSession(connectionTo(standby.url), { applicationName: 'tiptoe test' }, (session) =>
    session.query('SELECT pg_wal_replay_pause()'),
  );
  // It is connected and has the log, and never applies it.
  await configure({ synchronous_standby_names: 'standby', synchronous_commit: 'remote_apply' });
  const files = {
    '1_a.sql': 'ALTER TABLE book ADD c int',
    '2_b.sql': `SET client_min_messages = error; CREATE TABLE shelf (a int)`,
    '3_c.sql': 'CREATE INDEX CONCURRENTLY book_a ON book (a)',
    '4_d.sql': '-- nothing\n',
  };
  const result = await run(primary.url, files, { schema: 'silent', limits: FAST });
  expect(result).toMatchObject({ outcome: 'done', exitCode: 0, reason: null });
  expect(result.events.filter(({ event }) => event === 'unconfirmed')).toEqual([
    { event: 'unconfirmed', path: '1_a.sql' },
    { event: 'unconfirmed', path: '2_b.sql' },
    { event: 'unconfirmed', path: '3_c.sql' },
  ]);
  expect(result.files.map(({ path, unconfirmed }) => [path, unconfirmed ?? false])).toEqual([
    ['1_a.sql', true],
    ['2_b.sql', true],
    ['3_c.sql', true],
    ['4_d.sql', false],
  ]);
  expect(await unconfirmed('silent')).toEqual([
    { name: '1_a', state: 'done', unconfirmed: true },
    { name: '2_b', state: 'done', unconfirmed: true },
    { name: '3_c', state: 'done', unconfirmed: true },
    { name: '4_d', state: 'done', unconfirmed: false },
  ]);
  expect(await onPrimary((session) => columns(session, 'book'))).toContain('c');
  expect(
    await onPrimary((session) =>
      session.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'book_a'::regclass`),
    ),
  ).toEqual([{ indisvalid: true }]);
});
