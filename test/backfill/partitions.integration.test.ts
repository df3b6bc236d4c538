import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
// A batch that a busy machine holds up makes the next one no smaller.
const SMALL = { batchSize: 4, maxBatchSize: 4, batchTimeMs: 60_000 };
const NEVER = new AbortController().signal;
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

/** Ids 1 to 30 in three partitions by tens, the last one partitioned again; with the key on each partition alone. */
async function makeTable(name: string, { key = 'PRIMARY KEY' } = {}): Promise<void> {
  await session.exec(`
    CREATE TABLE ${name} (id int, n int NOT NULL DEFAULT 0, done bool) PARTITION BY RANGE (id);
    CREATE TABLE ${name}_a PARTITION OF ${name} (id ${key}) FOR VALUES FROM (0) TO (11);
    CREATE TABLE ${name}_b (extra int, done bool, id int ${key}, n int NOT NULL DEFAULT 0);
    ALTER TABLE ${name}_b DROP COLUMN extra;
    ALTER TABLE ${name} ATTACH PARTITION ${name}_b FOR VALUES FROM (11) TO (21);
    CREATE TABLE ${name}_c PARTITION OF ${name} FOR VALUES FROM (21) TO (100) PARTITION BY RANGE (id);
    CREATE TABLE ${name}_c1 PARTITION OF ${name}_c (id ${key}) FOR VALUES FROM (21) TO (26);
    CREATE TABLE ${name}_c2 PARTITION OF ${name}_c (id ${key}) FOR VALUES FROM (26) TO (100);
    INSERT INTO ${name} SELECT i FROM generate_series(1, 30) i`);
}

/** Runs until that many batches are done, then pauses. */
async function begin(sql: string, name: string, batches: number) {
  const spec = await specOf(name, sql);
  const pause = new AbortController();
  const result = await run(db.ownerUrl, spec, {
    settings: SMALL,
    pause: pause.signal,
    onEvent: (event) => {
      if (event.event === 'progress' && event.batches >= batches) pause.abort('enough');
    },
  });
  expect(result).toMatchObject({ outcome: 'paused', batches });
  return spec;
}

const rangesOf = (name: string) =>
  session.query(
    `SELECT table_name AS table, rows_done AS rows, pass, done, left_out AS "leftOut" FROM tiptoe.backfill_range
      WHERE backfill = $1 ORDER BY number`,
    [name],
  );

test.each([
  ['plain', (t: string) => `UPDATE ${t} SET n = n + 1`],
  ['by_name', (t: string) => `UPDATE public.${t} SET n = public.${t}.n + 1 WHERE public."${t}".id > 0 OR ${t}.n < 0`],
  ['starred', (t: string) => `UPDATE ${t} * AS e SET n = e.n + 1`],
  ['joined', (t: string) => `UPDATE ${t} SET n = ${t}.n + v.one FROM (VALUES (1)) v (one) WHERE ${t}.id > v.one - 1`],
])('partition by partition, each row once, over pauses: %s', async (name, sql) => {
  await makeTable(name);
  const spec = await begin(sql(name), name, 4);
  expect(await rangesOf(name)).toMatchObject([
    { table: `public.${name}_a`, rows: '10', done: true },
    { table: `public.${name}_b`, rows: '4', done: false },
    { table: `public.${name}_c1`, rows: '0', done: false },
    { table: `public.${name}_c2`, rows: '0', done: false },
  ]);
  expect(await run(db.ownerUrl, spec, { settings: SMALL })).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 30,
    rowsVisited: 30,
  });
  expect(await value(session, `SELECT count(*) FROM ${name} WHERE n <> 1`)).toBe('0');
});

test('DELETE, and INSERT … SELECT from a partitioned table', async () => {
  await makeTable('source');
  await session.exec('CREATE TABLE filled (id int PRIMARY KEY)');
  const copy = await specOf('copied', 'INSERT INTO filled SELECT source.id FROM source WHERE source.id % 2 = 0');
  expect(await run(db.ownerUrl, copy, { settings: SMALL })).toMatchObject({ rowsDone: 15, rowsVisited: 30 });
  const remove = await specOf('removed', 'DELETE FROM source USING filled WHERE filled.id = source.id');
  expect(await run(db.ownerUrl, remove, { settings: SMALL })).toMatchObject({
    rowsDone: 15,
    remaining: { kind: 'proved' },
  });
});

test('rows that came behind the walk: only their partition is walked again', async () => {
  await makeTable('again');
  const spec = await begin('UPDATE again SET done = true WHERE done IS NULL', 'again', 4);
  await session.exec('UPDATE again SET done = NULL WHERE id = 7');
  expect(await run(db.ownerUrl, spec, { settings: SMALL })).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 31,
    remaining: { kind: 'proved' },
  });
  expect(await rangesOf('again')).toMatchObject([{ pass: 2, rows: '11' }, { pass: 1 }, { pass: 1 }, { pass: 1 }]);
  await session.exec('UPDATE again SET done = NULL WHERE id IN (1, 28)');
  expect(await verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', 'again', NEVER)).toMatchObject({
    remaining: { kind: 'left', rows: 2 },
  });
});

describe('meanwhile a partition was', () => {
  test('attached: it is walked too', async () => {
    await makeTable('attached');
    const spec = await begin('UPDATE attached SET n = n + 1', 'attached', 4);
    await session.exec(`CREATE TABLE attached_0 PARTITION OF attached (id PRIMARY KEY) FOR VALUES FROM (-10) TO (0);
      INSERT INTO attached SELECT -i FROM generate_series(1, 9) i`);
    expect(await run(db.ownerUrl, spec, { settings: SMALL })).toMatchObject({ outcome: 'succeeded', rowsDone: 39 });
    expect(await value(session, 'SELECT count(*) FROM attached WHERE n <> 1')).toBe('0');
  });

  test('attached while the last one is walked', async () => {
    await makeTable('late');
    let attached = false;
    const spec = await specOf('late', 'UPDATE late SET n = n + 1');
    const result = await run(db.ownerUrl, spec, {
      settings: { ...SMALL, rate: 40 },
      onEvent: (event) => {
        if (event.event !== 'progress' || attached) return;
        attached = true;
        void session.exec(`CREATE TABLE late_0 PARTITION OF late (id PRIMARY KEY) FOR VALUES FROM (-10) TO (0);
          INSERT INTO late SELECT -i FROM generate_series(1, 9) i`);
      },
    });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 39 });
    expect(await value(session, 'SELECT count(*) FROM late WHERE n <> 1')).toBe('0');
  });

  test('attached when the count of what is left begins', async () => {
    await makeTable('counted');
    const attach = `CREATE TABLE counted_0 (LIKE counted_a INCLUDING ALL);
      INSERT INTO counted_0 SELECT -i FROM generate_series(1, 9) i;
      ALTER TABLE counted ATTACH PARTITION counted_0 FOR VALUES FROM (-10) TO (0)`;
    // In a process of its own, so that the count waits for it.
    const script = `const { Client } = require('pg');
      const client = new Client(${JSON.stringify(db.ownerUrl)});
      client.connect().then(() => client.query(${JSON.stringify(attach)})).then(() => client.end())`;
    let counts = 0;
    const result = await run(
      db.ownerUrl,
      await specOf('counted', 'UPDATE counted SET done = true WHERE done IS NULL'),
      {
        settings: SMALL,
        onEvent: ({ event }) => {
          if (event !== 'verifying') return;
          counts += 1;
          if (counts === 1) execFileSync(process.execPath, ['-e', script]);
        },
      },
    );
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 39, remaining: { kind: 'proved' } });
    expect(await value(session, 'SELECT count(*) FROM counted WHERE done IS NULL')).toBe('0');
  });

  test('detached: it is left out, and goes on where it was when it comes back', async () => {
    await makeTable('detached');
    const spec = await begin('UPDATE detached SET n = n + 1', 'detached', 4);
    await session.exec('ALTER TABLE detached DETACH PARTITION detached_b');
    const pause = new AbortController();
    const { events } = await run(db.ownerUrl, spec, {
      settings: { ...SMALL, rate: 20 },
      pause: pause.signal,
      onEvent: (event) => {
        if (event.event === 'progress') pause.abort('enough');
      },
    });
    const reason = 'it is no longer a partition of public.detached';
    expect(events).toContainEqual({ event: 'left-out', table: 'public.detached_b', reason });
    expect(await value(session, 'SELECT count(*) FROM detached_b WHERE n = 1')).toBe('4');
    expect((await rangesOf('detached'))[1]).toMatchObject({ done: false, leftOut: reason });
    await session.exec('ALTER TABLE detached ATTACH PARTITION detached_b FOR VALUES FROM (11) TO (21)');
    expect(await run(db.ownerUrl, spec, { settings: { ...SMALL, rate: null } })).toMatchObject({
      outcome: 'succeeded',
      rowsDone: 30,
    });
    expect(await value(session, 'SELECT count(*) FROM detached WHERE n <> 1')).toBe('0');
  });

  test.each([
    ['detached', 'ALTER TABLE busy_T DETACH PARTITION busy_T_a', 26, 29],
    ['dropped', 'DROP TABLE busy_T_a', 26, 29],
    ['renamed', 'ALTER TABLE busy_T_a RENAME TO busy_T_other', 30, 30],
  ])('%s under the walk', async (what, sql, least, most) => {
    const name = `busy_${what}`;
    await makeTable(name);
    let asked = false;
    const result = await run(db.ownerUrl, await specOf(name, `UPDATE ${name} SET n = n + 1`), {
      settings: { batchSize: 2, maxBatchSize: 2, rate: 20 },
      onEvent: (event) => {
        if (event.event !== 'progress' || asked || event.batches < 3) return;
        asked = true;
        void session
          .exec(sql.replaceAll('busy_T', name))
          .then(() => session.exec(`UPDATE tiptoe.backfill SET rate = NULL`));
      },
    });
    expect(result.outcome).toBe('succeeded');
    expect(result.rowsDone).toBeGreaterThanOrEqual(least);
    expect(result.rowsDone).toBeLessThanOrEqual(most);
    expect(await value(session, `SELECT count(*) FROM ${name} WHERE n <> 1`)).toBe('0');
  });
});

describe('refused:', () => {
  test('a statement that moves rows to other partitions', async () => {
    await session.exec(`
      CREATE TABLE moving (id int, region text) PARTITION BY LIST (region);
      CREATE TABLE moving_a PARTITION OF moving (id PRIMARY KEY) FOR VALUES IN ('a')`);
    const spec = await specOf('moving', `UPDATE moving SET region = 'b' WHERE region = 'a'`);
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('changes region, by which moving is partitioned') as unknown,
    });
  });

  test('a partition without the key, naming it', async () => {
    await makeTable('keyless');
    await session.exec('ALTER TABLE keyless_c1 DROP CONSTRAINT keyless_c1_pkey');
    await expect(run(db.ownerUrl, await specOf('keyless', 'UPDATE keyless SET n = n + 1'))).rejects.toMatchObject({
      exitCode: 2,
      message: 'public.keyless_c1 has no unique index on (id).',
    });
  });

  test('a partition that is a foreign table', async () => {
    await makeTable('abroad');
    const admin = await db.session(db.adminUrl);
    await admin.exec(`
      CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
      CREATE FOREIGN TABLE abroad_f PARTITION OF abroad FOR VALUES FROM (-100) TO (0) SERVER nowhere`);
    await expect(run(db.ownerUrl, await specOf('abroad', 'UPDATE abroad SET n = n + 1'))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^public\.abroad_f, a partition of public\.abroad, is a foreign table/) as unknown,
    });
  });
});
