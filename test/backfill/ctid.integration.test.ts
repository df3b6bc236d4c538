import { beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import type { BackfillEvent } from '../../src/backfill/event.ts';
import { backfillStatus } from '../../src/backfill/status.ts';
import { prepareJob } from '../../src/backfill/job.ts';
import { readLeaf } from '../../src/backfill/leaf.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
const SMALL = { batchSize: 50, maxBatchSize: 50 };
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

/** 1000 rows without a key on some 40 pages, `changes` counted by a trigger. */
async function makeTable(name: string, rows = 1000): Promise<void> {
  await session.exec(`
    CREATE TABLE ${name} (i int, done bool, changes int NOT NULL DEFAULT 0, pad text) WITH (autovacuum_enabled = off);
    INSERT INTO ${name} SELECT i, NULL, 0, repeat('x', 250) FROM generate_series(1, ${rows}) i;
    CREATE FUNCTION ${name}_count() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF new.done IS DISTINCT FROM old.done THEN new.changes := old.changes + 1; END IF; RETURN new; END $$;
    CREATE TRIGGER count BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION ${name}_count()`);
}

const sql = (name: string): string => `UPDATE ${name} SET done = true WHERE done IS NULL`;

test('a table without a key is walked by place, each row is changed once, over a pause', async () => {
  await makeTable('keyless');
  const spec = await specOf('keyless', sql('keyless'));
  const pause = new AbortController();
  const paused = await run(db.ownerUrl, spec, {
    settings: SMALL,
    pause: pause.signal,
    onEvent: (event) => {
      if (event.event === 'progress' && event.batches === 7) pause.abort('enough');
    },
  });
  expect(paused).toMatchObject({ outcome: 'paused', rowsDone: 350, rowsVisited: 350 });
  expect(await backfillStatus(session, 'tiptoe', 'keyless')).toMatchObject({ key: ['ctid'], rowsTotal: 1000 });
  const result = await run(db.ownerUrl, spec, { settings: SMALL });
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 1000, remaining: { kind: 'proved' } });
  expect(await value(session, 'SELECT count(*) FROM keyless WHERE changes <> 1')).toBe('0');
  // What an update moved to the end of the table is not walked again.
  expect(result.rowsVisited).toBeLessThan(1100);
});

test.each([
  [
    'moved behind the walk',
    `DELETE FROM TABLE_ WHERE i <= 60; VACUUM TABLE_; UPDATE TABLE_ SET pad = pad || 'y' WHERE i > 940`,
  ],
  ['inserted', `INSERT INTO TABLE_ SELECT i, NULL, 0, '' FROM generate_series(1, 500) i`],
])('rows that are %s meanwhile', async (what, meanwhile) => {
  const name = what.split(' ')[0] ?? '';
  await makeTable(name);
  const other = await db.session();
  let begun = false;
  const result = await run(db.ownerUrl, await specOf(name, sql(name)), {
    settings: { ...SMALL, rate: 500 },
    onEvent: (event) => {
      if (event.event !== 'progress' || begun || event.batches < 4) return;
      begun = true;
      void (async () => {
        for (const statement of meanwhile.replaceAll('TABLE_', name).split('; ')) await other.exec(statement);
        await other.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = '${name}'`);
      })();
    },
  });
  expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
  expect(result.events.filter(({ event }) => event === 'pass')).toHaveLength(1);
  expect(await value(session, `SELECT count(*) FROM ${name} WHERE changes <> 1 OR done IS NULL`)).toBe('0');
});

test('a VACUUM FULL in the middle: it begins anew, and still each row is changed once', async () => {
  await makeTable('rewritten');
  const other = await db.session();
  let begun = false;
  const result = await run(db.ownerUrl, await specOf('rewritten', sql('rewritten')), {
    settings: { ...SMALL, rate: 200 },
    onEvent: (event) => {
      if (event.event !== 'progress' || begun || event.batches < 4) return;
      begun = true;
      void (async () => {
        await other.exec('DELETE FROM rewritten WHERE i <= 100');
        await other.exec('VACUUM FULL rewritten');
        await other.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'rewritten'`);
      })();
    },
  });
  expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
  expect(result.events).toContainEqual({
    event: 'restarted',
    reason: 'public.rewritten was rewritten, its rows are elsewhere now',
  });
  expect(await value(session, 'SELECT count(*) FROM rewritten WHERE changes <> 1')).toBe('0');
});

test('hardly any rows on many pages', async () => {
  await makeTable('sparse', 20_000);
  await session.exec('DELETE FROM sparse WHERE i % 500 <> 0 AND i < 19900');
  const result = await run(db.ownerUrl, await specOf('sparse', sql('sparse')), { settings: { batchSize: 20 } });
  expect(result).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 140,
    remaining: { kind: 'proved' },
  });
  expect(result.batches).toBeLessThan(60);
});

test('a table that is smaller than one batch', async () => {
  await makeTable('few', 20);
  expect(await run(db.ownerUrl, await specOf('few', sql('few')))).toMatchObject({ outcome: 'succeeded', rowsDone: 20 });
});

test('DELETE, and the partitions of a table without a key', async () => {
  await session.exec(`
    CREATE TABLE parts (i int, done bool) PARTITION BY RANGE (i);
    CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (500);
    CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (500) TO (2000);
    INSERT INTO parts SELECT i FROM generate_series(1, 1000) i`);
  expect(await run(db.ownerUrl, await specOf('parts', sql('parts')), { settings: SMALL })).toMatchObject({
    rowsDone: 1000,
    remaining: { kind: 'proved' },
  });
  expect(
    await run(db.ownerUrl, await specOf('less', 'DELETE FROM parts WHERE i > 300'), { settings: SMALL }),
  ).toMatchObject({
    rowsDone: 700,
    remaining: { kind: 'proved' },
  });
});

test('the server finds a range of places without reading the whole table', async () => {
  await makeTable('planned');
  const spec = await specOf(
    'planned',
    'UPDATE planned p SET done = true FROM (VALUES (1)) v (x) WHERE p.done IS NULL OR false',
  );
  const job = await prepareJob(session, spec);
  const leaf = await readLeaf(session, job, job.target.oid);
  const plan = await session.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${leaf?.sql.next ?? ''}`, ['(3,0)', '(5,0)']);
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Tid (Range )?Scan on planned/);
});

describe('refused without a key:', () => {
  test.each([
    ['UPDATE counted SET n = n + 1', 'the statement has no WHERE'],
    ['UPDATE counted SET n = n + 1 WHERE done', 'its WHERE does not look at a column that it sets'],
    ['INSERT INTO copied SELECT i FROM counted', 'an INSERT leaves no mark on the rows that it has read'],
  ])('%s', async (statement, reason) => {
    await session.exec(
      'CREATE TABLE IF NOT EXISTS counted (i int, n int, done bool); CREATE TABLE IF NOT EXISTS copied (i int)',
    );
    await expect(run(db.ownerUrl, await specOf('counted', statement))).rejects.toMatchObject({
      exitCode: 2,
      message: `public.counted has no primary key, and no unique index on columns that are NOT NULL. Without a key only a statement can run whose WHERE leaves out the rows that are done: ${reason}.`,
    });
  });

  test('also where it was asked for: -- key: ctid', async () => {
    await session.exec(
      'CREATE TABLE keyed (id int PRIMARY KEY, n int, done bool); INSERT INTO keyed SELECT generate_series(1, 100)',
    );
    await expect(
      run(db.ownerUrl, await specOf('keyed', '-- tiptoe:backfill\n-- key: ctid\nUPDATE keyed SET n = n + 1')),
    ).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^public\.keyed is to be walked by ctid\./) as unknown,
    });
    const spec = await specOf('keyed', `-- tiptoe:backfill\n-- key: ctid\n${sql('keyed')}`);
    expect(await run(db.ownerUrl, spec, { settings: SMALL })).toMatchObject({ outcome: 'succeeded', rowsDone: 100 });
  });
});

test('rows that move ahead within the walk count once more among the visited, and never make it more than all', async () => {
  await session.exec(`
    CREATE TABLE ahead (i int, done bool) WITH (fillfactor = 40);
    INSERT INTO ahead SELECT generate_series(1, 2000);
    ANALYZE ahead`);
  const result = await run(db.ownerUrl, await specOf('ahead', 'UPDATE ahead SET done = true WHERE done IS NULL'), {
    settings: { ...SMALL, batchSize: 30, maxBatchSize: 30 },
  });
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 2000, remaining: { kind: 'proved' } });
  expect(result.rowsVisited).toBeGreaterThan(2000);
  const beyond = result.events.filter(
    (event) => event.event === 'progress' && event.rowsVisited > (event.rowsTotal ?? 0),
  );
  expect(beyond).toEqual([]);
  expect(
    await session.query(
      `SELECT rows_total >= rows_visited AS sensible FROM tiptoe.backfill_progress WHERE name = 'ahead'`,
    ),
  ).toEqual([{ sensible: true }]);
});

test('a step away from one number leaves out what is done: each row is changed once', async () => {
  await session.exec(`
    CREATE TABLE steps (i int, n int NOT NULL DEFAULT 0) WITH (fillfactor = 40);
    INSERT INTO steps SELECT generate_series(1, 1000)`);
  const spec = await specOf('steps', 'UPDATE steps SET n = n + 1 WHERE n = 0');
  expect(await run(db.ownerUrl, spec, { settings: SMALL })).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 1000,
    remaining: { kind: 'proved' },
  });
  expect(await value(session, 'SELECT count(*) FROM steps WHERE n <> 1')).toBe('0');
});

describe('blocks that hold about as many rows as those before them are taken uncounted:', () => {
  const LARGE = { batchSize: 1_000, maxBatchSize: 2_000, batchTimeMs: 60_000 };
  const sizes = (events: readonly BackfillEvent[]): number[] =>
    events.flatMap((event) => (event.event === 'progress' ? [event.batchRows] : []));

  test('where they hold many more, still no batch changes more than it may, and each row is changed once', async () => {
    await makeTable('denser', 0);
    await session.exec(`
      INSERT INTO denser SELECT i, NULL, 0, repeat('x', 250) FROM generate_series(1, 10000) i;
      INSERT INTO denser SELECT i, NULL, 0, '' FROM generate_series(10001, 40000) i;
      INSERT INTO denser SELECT i, NULL, 0, repeat('x', 800) FROM generate_series(40001, 43000) i; ANALYZE denser`);
    const result = await run(db.ownerUrl, await specOf('denser', sql('denser')), { settings: LARGE });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 43_000, remaining: { kind: 'proved' } });
    expect(Math.max(...sizes(result.events))).toBeLessThanOrEqual(2_000);
    expect(result.rowsVisited).toBeGreaterThan(41_000);
    expect(result.rowsVisited).toBeLessThan(47_000);
    expect(await value(session, 'SELECT count(*) FROM denser WHERE changes <> 1')).toBe('0');
  });

  test.each([
    ['and what is changed in vain takes no longer than a slow batch', {}, 250_000],
    ['and under a rate nothing is changed in vain', { rate: 200_000 }, 60_000],
  ])('few rows in many blocks, and then full ones, %s', async (what, settings, most) => {
    const name = what.includes('rate') ? 'limited' : 'emptied';
    await session.exec(`
      CREATE TABLE ${name} (i int, done bool, pad text) WITH (fillfactor = 10, autovacuum_enabled = off);
      INSERT INTO ${name} SELECT i, NULL, repeat('x', 700) FROM generate_series(1, 10000) i;
      ALTER TABLE ${name} SET (fillfactor = 100);
      INSERT INTO ${name} SELECT i, NULL, '' FROM generate_series(10001, 60000) i; ANALYZE ${name}`);
    expect(await run(db.ownerUrl, await specOf(name, sql(name)), { settings })).toMatchObject({ rowsDone: 60_000 });
    await session.exec('SELECT pg_sleep(0.1)');
    expect(
      Number(await value(session, `SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = '${name}'`)),
    ).toBeLessThanOrEqual(most);
  });

  test('rows that are done already in between are passed by, and counted as visited', async () => {
    await makeTable('partly', 20_000);
    await session.exec('UPDATE partly SET done = true WHERE i BETWEEN 8000 AND 12000');
    await session.exec('VACUUM FULL ANALYZE partly');
    const result = await run(db.ownerUrl, await specOf('partly', sql('partly')), { settings: LARGE });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 15_999, remaining: { kind: 'proved' } });
    expect(Math.abs(result.rowsVisited - 20_000)).toBeLessThan(1_000);
    expect(await value(session, 'SELECT count(*) FROM partly WHERE changes <> 1')).toBe('0');
  });

  test('that not all of them were counted is said of their number at the end', async () => {
    await makeTable('about', 5_000);
    const result = await run(db.ownerUrl, await specOf('about', sql('about')), { settings: LARGE });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 5_000 });
    expect(await backfillStatus(session, 'tiptoe', 'about')).toMatchObject({ rowsTotalExact: false });
  });

  test('a row that fails among them is found and left out', async () => {
    await makeTable('poisoned', 12_000);
    await session.exec(`ALTER TABLE poisoned ADD CONSTRAINT fine CHECK (i <> 7777 OR done IS NULL)`);
    const spec = await specOf('poisoned', sql('poisoned'));
    const result = await run(db.ownerUrl, spec, { settings: LARGE, skipPoison: true });
    expect(result).toMatchObject({ rowsDone: 11_999 });
    expect(await value(session, 'SELECT count(*) FROM poisoned WHERE changes <> 1')).toBe('1');
  });

  test('a row that fails alone in its block is left out by its own place', async () => {
    await session.exec(`
      CREATE TABLE alone (i int CHECK (i <> 7 OR done IS NULL), done bool, pad text) WITH (fillfactor = 10, autovacuum_enabled = off);
      INSERT INTO alone SELECT i, NULL, repeat('x', 900) FROM generate_series(1, 20) i`);
    const [place] = await session.query<{ ctid: string }>('SELECT ctid::text FROM alone WHERE i = 7');
    const result = await run(db.ownerUrl, await specOf('alone', sql('alone')), { skipPoison: true });
    expect(result).toMatchObject({ outcome: 'gave-up', rowsDone: 19, keysSkipped: 1 });
    expect(await session.query(`SELECT key[1] AS place FROM tiptoe.backfill_skipped WHERE backfill = 'alone'`)).toEqual(
      [{ place: place?.ctid }],
    );
  });
});
