import { expect, test } from 'vitest';
import { adviceFor } from '../../src/migrate/blocked.ts';
import { testDatabase } from '../support/database.ts';
import { columns, run } from './support.ts';

const db = testDatabase();
const LIMITS = { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 20_000 };

test('a prepared transaction is told at once, and the end says how to end it', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec('CREATE TABLE paid (a int); GRANT ALL ON paid TO PUBLIC');
  const name = `pay_${db.name}`;
  await admin.exec(`BEGIN; INSERT INTO paid VALUES (1); PREPARE TRANSACTION '${name}'`);
  await admin.exec('SELECT pg_sleep(0.2)');
  try {
    const limits = { ...LIMITS, giveUpAfterMs: 700 };
    const result = await run(db.adminUrl, { '1_a.sql': 'ALTER TABLE paid ADD b int' }, { schema: 'paying', limits });
    expect(result).toMatchObject({
      outcome: 'gave-up',
      exitCode: 3,
      reason: 'lock-not-had',
      advice: `A prepared transaction leaves only when someone ends it: COMMIT PREPARED '${name}' or ROLLBACK PREPARED '${name}'; then run again.`,
      blockers: [{ kind: 'prepared-transaction', query: name, lock: 'RowExclusiveLock', relation: 'public.paid' }],
    });
    const told = result.events.filter(({ event }) => event === 'warning' || event === 'waiting-for-lock');
    expect(told.map(({ event }) => event).slice(0, 2)).toEqual(['warning', 'waiting-for-lock']);
    expect(told.filter(({ event }) => event === 'warning')).toHaveLength(1);
  } finally {
    await admin.exec(`ROLLBACK PREPARED '${name}'`);
  }
});

test('a table that another one takes the place of while we wait is looked for again', async () => {
  const [session, reader] = [await db.session(), await db.session()];
  await session.exec('CREATE TABLE swapped (a int); CREATE TABLE successor (a int, z int)');
  await reader.exec('BEGIN; SELECT FROM swapped');
  await session.exec('SELECT pg_sleep(0.1)');
  let renamed: Promise<unknown> | undefined;
  const result = await run(
    db.ownerUrl,
    { '1_a.sql': 'ALTER TABLE swapped ADD b int' },
    {
      schema: 'swapping',
      limits: LIMITS,
      onEvent({ event }) {
        if (event !== 'waiting-for-lock') return;
        renamed ??= reader
          .exec('ALTER TABLE swapped RENAME TO predecessor; ALTER TABLE successor RENAME TO swapped; COMMIT')
          .then(() => reader.exec('BEGIN; SELECT FROM predecessor'));
      },
    },
  );
  await renamed;
  expect(result).toMatchObject({ outcome: 'done' });
  expect(await columns(session, 'swapped')).toEqual(['a', 'z', 'b']);
  expect(await columns(session, 'predecessor')).toEqual(['a']);
});

test('a table that is dropped while we wait is the statement’s own failure', async () => {
  const [session, reader] = [await db.session(), await db.session()];
  await session.exec('CREATE TABLE dropped (a int)');
  await reader.exec('BEGIN; SELECT FROM dropped');
  await session.exec('SELECT pg_sleep(0.1)');
  let gone: Promise<unknown> | undefined;
  const result = await run(
    db.ownerUrl,
    { '1_a.sql': 'ALTER TABLE dropped ADD b int' },
    {
      schema: 'dropping',
      limits: LIMITS,
      onEvent({ event }) {
        if (event === 'waiting-for-lock') gone ??= reader.exec('DROP TABLE dropped; COMMIT');
      },
    },
  );
  await gone;
  expect(result).toMatchObject({ outcome: 'failed', reason: 'statement-failed', failure: { sqlstate: '42P01' } });
});

test('all tables are locked before the first statement that needs one of them, partitions among them', async () => {
  const session = await db.session();
  const files = {
    '1_a.sql': `
      CREATE TABLE zebra (a int) PARTITION BY LIST (a); CREATE TABLE aardvark PARTITION OF zebra DEFAULT;
      CREATE TABLE mole (a int); CREATE TABLE seen (relation text);
      CREATE FUNCTION look() RETURNS void LANGUAGE sql AS $$
        INSERT INTO seen SELECT relation::regclass::text FROM pg_locks
         WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock' AND relation::regclass::text IN ('zebra', 'aardvark', 'mole') $$`,
    '2_b.sql': 'ALTER TABLE mole ADD b int; SELECT look(); ALTER TABLE zebra ADD c int',
  };
  expect(await run(db.ownerUrl, files, { schema: 'ordered', limits: LIMITS })).toMatchObject({ outcome: 'done' });
  const seen = await session.query<{ relation: string }>('SELECT relation FROM seen ORDER BY relation');
  expect(seen.map(({ relation }) => relation)).toEqual(['aardvark', 'mole', 'zebra']);
});

test('a partition that is held keeps the whole tree from being locked, and its holder is named', async () => {
  const [session, reader] = [await db.session(), await db.session(db.trafficUrl, { applicationName: 'report' })];
  await session.exec(`CREATE TABLE tree (a int) PARTITION BY LIST (a); CREATE TABLE tree_leaf PARTITION OF tree DEFAULT;
    GRANT SELECT ON tree, tree_leaf TO PUBLIC`);
  await reader.exec('BEGIN; SELECT FROM tree_leaf');
  await session.exec('SELECT pg_sleep(0.1)');
  const files = { '1_a.sql': '-- makes it known\nALTER TABLE tree ADD b int' };
  const limits = { ...LIMITS, giveUpAfterMs: 3_000 };
  const result = await run(db.adminUrl, files, { schema: 'forest', limits });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    blockers: [{ pid: reader.pid, application: 'report' }],
  });
});

test('where transactions overlap, the advice is a --max-stall that would do; else what stands in the way decides', () => {
  const gaveUp = { kind: 'gave-up', attempts: 3, waitedMs: 9, blockers: [], lastError: null } as const;
  const limits = { maxStallMs: 200 };
  expect(adviceFor({ ...gaveUp, medianAgeMs: 800, enoughStallMs: 400 }, limits)).toBe(
    'Transactions there overlap and last too long for 200 ms in line (half of the time the oldest is past 800 ms); --max-stall 400ms would do.',
  );
  expect(adviceFor({ ...gaveUp, medianAgeMs: 100, enoughStallMs: 50 }, limits)).toMatch(
    /^Run again when those in the way/,
  );
});
