import { beforeAll, describe, expect, test } from 'vitest';
import { rangeValues } from '../../src/backfill/batches.ts';
import { typicalBatch } from '../../src/backfill/full-scan.ts';
import { prepareJob } from '../../src/backfill/job.ts';
import { previewBackfill } from '../../src/backfill/preview.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();

beforeAll(async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE users AS SELECT i AS id, i / 2 AS email, 0 AS n, repeat('x', 100) AS pad FROM generate_series(1, 160000) i;
    ALTER TABLE users ADD PRIMARY KEY (id);
    CREATE TABLE parents (id int PRIMARY KEY);
    INSERT INTO parents SELECT generate_series(1, 50);
    CREATE TABLE children AS SELECT i AS id, i % 40 + 1 AS parent, repeat('x', 100) AS pad FROM generate_series(1, 160000) i;
    ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents;
    CREATE TABLE pairs (tenant int, no int, n int NOT NULL DEFAULT 0, pad text, PRIMARY KEY (tenant, no));
    INSERT INTO pairs SELECT i % 50, i, 0, repeat('x', 100) FROM generate_series(1, 160000) i`);
  for (const table of ['users', 'parents', 'children', 'pairs']) await session.exec(`VACUUM ANALYZE ${table}`);
});

const DUPLICATES = 'DELETE FROM users USING users o WHERE o.email = users.email AND o.id < users.id';

describe('a batch that would read its whole table', () => {
  test('is refused, and not where an index serves it', async () => {
    const session = await db.session();
    const spec = await specOf('duplicates', DUPLICATES);
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^Each batch would read the whole of public\.users \(2\d MB\), not only its range of id: Seq Scan on users o\.$/,
      ) as unknown,
      advice: expect.stringContaining('--allow-full-scan') as unknown,
    });
    expect(await value(session, 'SELECT count(*) FROM tiptoe.backfill')).toBe('0');
    const settings = { batchSize: 20_000 };
    const allowed = run(db.ownerUrl, spec, { settings, allowFullScan: true });
    expect(await allowed).toMatchObject({ outcome: 'succeeded', rowsDone: 79_999 });
    await session.exec('CREATE INDEX ON users (email)');
    expect(await run(db.ownerUrl, await specOf('indexed', DUPLICATES))).toMatchObject({ outcome: 'succeeded' });
  });

  test('of another one, too: where each deleted row is looked up without an index', async () => {
    const session = await db.session();
    const spec = await specOf('parents', 'DELETE FROM parents WHERE id > 40');
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^For each row that it deletes, the server would read the whole of public\.children \(2\d MB\), whose foreign key \(parent\) has no index\.$/,
      ) as unknown,
      advice: expect.stringMatching(/^CREATE INDEX CONCURRENTLY ON public\.children \(parent\);/) as unknown,
    });
    await session.exec('CREATE INDEX ON children (parent, id)');
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 10 });
  });

  test('is only noted where it is another table', async () => {
    const sql = 'UPDATE parents SET id = id FROM children c WHERE c.pad = parents.id::text';
    const spec = await specOf('other', sql.replace('SET id = id', 'SET n = c.id'));
    await (await db.session()).exec('ALTER TABLE parents ADD n int');
    const { events } = await run(db.ownerUrl, spec);
    expect(events).toContainEqual({
      event: 'warning',
      message: expect.stringMatching(
        /^each batch reads the whole of public\.children \(2\d MB\): Seq Scan on children c$/,
      ) as unknown,
    });
  });
});

test('a range of a key of several columns is as narrow for the planner as it is', async () => {
  const session = await db.session();
  const job = await prepareJob(session, await specOf('pairs', 'UPDATE pairs SET n = n + 1'));
  const batch = await typicalBatch(session, job, 500);
  if (batch === null) throw new Error('there are rows');
  const [row] = await session.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (FORMAT JSON) ${batch.sql}`,
    rangeValues(batch.range),
  );
  const [plan] = JSON.parse(row?.['QUERY PLAN'] ?? '') as { Plan: { Plans: { 'Plan Rows': number }[] } }[];
  expect(plan?.Plan.Plans[0]?.['Plan Rows']).toBeLessThan(5_000);
  expect(await run(db.ownerUrl, await specOf('pairs', 'UPDATE pairs SET n = n + 1'))).toMatchObject({
    rowsDone: 160_000,
  });
  expect(await value(session, 'SELECT count(*) FROM pairs WHERE n <> 1')).toBe('0');
});

test('a preview writes nothing, and goes on where the backfill is', async () => {
  const [session, admin] = [await db.session(), await db.session(db.adminUrl)];
  await admin.exec(`DROP SCHEMA tiptoe CASCADE`);
  await session.exec(
    'CREATE TABLE small (id int PRIMARY KEY, n int); INSERT INTO small SELECT generate_series(1, 30), 0',
  );
  const source = await specOf('small', 'UPDATE small SET n = 7 WHERE n = 0 OR n = 5');
  const preview = () =>
    previewBackfill({ connection: connectionTo(db.ownerUrl), schema: 'tiptoe', source, settings: { batchSize: 10 } });
  expect(await preview()).toMatchObject({
    name: 'small',
    table: 'public.small',
    key: ['id'],
    rowsTotal: 30,
    rowsTotalExact: true,
    batch: {
      sql: 'UPDATE small SET n = 7 WHERE (n = 0 OR n = 5) AND (small.id > $1::pg_catalog.int4 AND small.id <= $2::pg_catalog.int4)',
      parameters: ['10', '20'],
      keys: 10,
      plan: expect.arrayContaining([expect.stringMatching(/^Update on small/)]) as unknown,
    },
    warnings: [],
    problem: null,
  });
  expect(await value(session, `SELECT count(*) FROM pg_namespace WHERE nspname = 'tiptoe'`)).toBe('0');
  expect(await value(session, 'SELECT sum(n) FROM small')).toBe('0');

  const pause = new AbortController();
  await run(db.ownerUrl, source, {
    settings: { batchSize: 7, maxBatchSize: 7 },
    pause: pause.signal,
    onEvent: ({ event }) => {
      if (event === 'progress') pause.abort('enough');
    },
  });
  expect(await preview()).toMatchObject({ batch: { parameters: ['7', '14'] } });
});
