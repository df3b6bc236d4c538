import { beforeEach, describe, expect, test } from 'vitest';
import { requestState } from '../../src/backfill/control.ts';
import { backfillStatus } from '../../src/backfill/status.ts';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import type { Session } from '../../src/db/session.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

const verified = (name: string) =>
  verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', name, new AbortController().signal);

describe('a row that makes the statement fail', () => {
  test('is found by splitting, and named', async () => {
    await session.exec(`
      CREATE TABLE found (tenant int, id int, v text, PRIMARY KEY (tenant, id));
      INSERT INTO found SELECT i % 3, i, i::text FROM generate_series(1, 3000) i;
      UPDATE found SET v = 'x' WHERE id = 1501`);
    const spec = await specOf('found', 'UPDATE found SET v = (v::int + 1)::text');
    const result = await run(db.ownerUrl, spec);
    expect(result).toMatchObject({
      outcome: 'gave-up',
      reason: expect.stringMatching(
        /^\d+ batches in a row failed; the key 1, 1501 of public\.found failed: invalid input syntax for type integer: "x" \(SQLSTATE 22P02\); --skip-poison would leave it out$/,
      ) as unknown,
      keysSkipped: 0,
    });
    expect(result.events.filter(({ event }) => event === 'batch-failed').length).toBeLessThan(25);
    // All before it are done, and nothing else.
    expect(result.rowsDone).toBe(1500);
    expect(
      await value(session, `SELECT count(*) FROM found WHERE (tenant, id) < (1, 1501) AND v <> (id + 1)::text`),
    ).toBe('0');
  });

  test('is left out with --skip-poison, written down, and done once it can be', async () => {
    await session.exec(`
      CREATE TABLE skipped (id int PRIMARY KEY, v text, n int);
      INSERT INTO skipped SELECT i, i::text FROM generate_series(1, 500) i;
      UPDATE skipped SET v = 'bad ' || id WHERE id IN (1, 77, 78, 500)`);
    const spec = await specOf('skipped', 'UPDATE skipped SET n = v::int WHERE n IS NULL');
    const result = await run(db.ownerUrl, spec, { skipPoison: true, settings: { batchSize: 200 } });
    expect(result).toMatchObject({
      outcome: 'gave-up',
      reason: '4 keys are left out because of errors, see tiptoe.backfill_skipped',
      rowsDone: 496,
      rowsVisited: 500,
      keysSkipped: 4,
      remaining: { kind: 'left', rows: 4 },
    });
    expect(result.events.filter(({ event }) => event === 'skipped')).toHaveLength(4);
    expect(
      await session.query(
        `SELECT table_name, key[1] AS key, error, sqlstate FROM tiptoe.backfill_skipped WHERE backfill = 'skipped' ORDER BY at`,
      ),
    ).toEqual(
      [1, 77, 78, 500].map((id) => ({
        table_name: 'public.skipped',
        key: String(id),
        error: `invalid input syntax for type integer: "bad ${id}" (SQLSTATE 22P02)`,
        sqlstate: '22P02',
      })),
    );
    expect(await backfillStatus(session, 'tiptoe', 'skipped')).toMatchObject({ state: 'paused', keysSkipped: 4 });
    expect(await verified('skipped')).toMatchObject({ remaining: { kind: 'left', rows: 4 }, keysSkipped: 4 });

    await session.exec(`UPDATE skipped SET v = '1000' WHERE id < 78`);
    expect(await run(db.ownerUrl, spec)).toMatchObject({
      outcome: 'gave-up',
      reason: expect.stringMatching(
        /^the key 78 of public\.skipped, which was left out before, failed again: invalid input/,
      ) as unknown,
      rowsDone: 498,
    });
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 2 });
    await session.exec(`UPDATE skipped SET v = '1000' WHERE id = 78; DELETE FROM skipped WHERE id = 500`);
    expect(await run(db.ownerUrl, spec)).toMatchObject({
      outcome: 'succeeded',
      rowsDone: 499,
      keysSkipped: 0,
      remaining: { kind: 'proved' },
    });
    expect(await verified('skipped')).toMatchObject({ remaining: { kind: 'proved' }, keysSkipped: 0 });
  });

  test('is left out exactly once of a statement that is not idempotent, in partitions too', async () => {
    await session.exec(`
      CREATE TABLE parts (id int, region text, n int NOT NULL DEFAULT 0 CHECK (n < 1 OR id <> 33), PRIMARY KEY (id, region)) PARTITION BY LIST (region);
      CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
      CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');
      INSERT INTO parts SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 90) i`);
    const spec = await specOf('parts', 'UPDATE parts SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 1 });
    expect(await value(session, `SELECT table_name FROM tiptoe.backfill_skipped WHERE backfill = 'parts'`)).toBe(
      'public.parts_b',
    );
    await session.exec('ALTER TABLE parts DROP CONSTRAINT parts_check');
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 90, rowsVisited: 90 });
    expect(await value(session, 'SELECT count(*) FROM parts WHERE n <> 1')).toBe('0');
  });

  test('is left out still when its partition was away for a while', async () => {
    await session.exec(`
      CREATE TABLE away (id int, region text, n int NOT NULL DEFAULT 0, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
      CREATE TABLE away_a PARTITION OF away FOR VALUES IN ('a');
      CREATE TABLE away_b PARTITION OF away FOR VALUES IN ('b');
      INSERT INTO away SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 90) i;
      ALTER TABLE away_a ADD CONSTRAINT one CHECK (n < 1 OR id <> 44);
      ALTER TABLE away_b ADD CONSTRAINT one CHECK (n < 1 OR id <> 33)`);
    const spec = await specOf('away', 'UPDATE away SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 2 });
    await session.exec('ALTER TABLE away DETACH PARTITION away_b');
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 1 });
    await session.exec(`
      ALTER TABLE away ATTACH PARTITION away_b FOR VALUES IN ('b');
      ALTER TABLE away_a DROP CONSTRAINT one; ALTER TABLE away_b DROP CONSTRAINT one`);
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 90, keysSkipped: 0 });
    expect(await value(session, 'SELECT count(*) FROM away WHERE n <> 1')).toBe('0');
  });

  test('is no matter once its partition was dropped', async () => {
    await session.exec(`
      CREATE TABLE gone (id int, region text, n int NOT NULL DEFAULT 0, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
      CREATE TABLE gone_a PARTITION OF gone FOR VALUES IN ('a');
      CREATE TABLE gone_b PARTITION OF gone FOR VALUES IN ('b');
      INSERT INTO gone SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 90) i;
      ALTER TABLE gone_b ADD CONSTRAINT one CHECK (n < 1 OR id <> 33)`);
    const spec = await specOf('gone', 'UPDATE gone SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 1 });
    await session.exec('DROP TABLE gone_b');
    expect(await run(db.ownerUrl, spec)).toMatchObject({
      outcome: 'succeeded',
      keysSkipped: 0,
      remaining: { chain: { kind: 'unbroken' } },
    });
    expect(await backfillStatus(session, 'tiptoe', 'gone')).toMatchObject({ keysSkipped: 0 });
  });
});

test('a trigger that always fails is no matter of rows: it pauses, also with --skip-poison', async () => {
  await session.exec(`
    CREATE TABLE guarded (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO guarded SELECT generate_series(1, 300);
    CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'frozen'; END $$;
    CREATE TRIGGER no BEFORE UPDATE ON guarded FOR EACH ROW EXECUTE FUNCTION no()`);
  const spec = await specOf('guarded', 'UPDATE guarded SET n = n + 1');
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'gave-up',
    reason: expect.stringMatching(
      /batches in a row failed; the key 1 of public\.guarded failed: frozen \(SQLSTATE P0001, PL\/pgSQL function no\(\) line 1 at RAISE\)/,
    ) as unknown,
    rowsDone: 0,
  });
  expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({
    outcome: 'gave-up',
    reason: expect.stringMatching(
      /^100 keys in a row failed; the key 101 of public\.guarded failed: frozen/,
    ) as unknown,
  });
  await session.exec('DROP TRIGGER no ON guarded');
  await requestState(session, 'tiptoe', 'guarded', 'running');
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
  expect(await value(session, 'SELECT count(*) FROM guarded WHERE n <> 1')).toBe('0');
});

test('a row that stays locked is never left out', async () => {
  const other = await db.session();
  await session.exec(
    'CREATE TABLE locked (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO locked SELECT generate_series(1, 20)',
  );
  await other.exec('BEGIN; UPDATE locked SET n = n WHERE id = 7');
  const spec = await specOf('locked', 'UPDATE locked SET n = n + 1');
  expect(await run(db.ownerUrl, spec, { skipPoison: true, settings: { batchTimeMs: 10 } })).toMatchObject({
    outcome: 'gave-up',
    reason: expect.stringMatching(
      /batches in a row failed; the key 7 of public\.locked failed: .* lock timeout/,
    ) as unknown,
    rowsDone: 6,
    keysSkipped: 0,
  });
  await other.exec('COMMIT');
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 20 });
});
