import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { registerBackfill } from '../../src/backfill/register.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

/** A table with 30 rows and n = 0 in each, and a backfill of that name that stopped after its first batch. */
async function begun(name: string, { table = name, key = 'int' } = {}) {
  await session.exec(`
    CREATE TABLE ${table} (id ${key} PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${table} SELECT i FROM generate_series(1, 30) i`);
  const spec = await specOf(name, `UPDATE ${name} SET n = n + 1`);
  const pause = new AbortController();
  const paused = await run(db.ownerUrl, spec, {
    settings: { batchSize: 7 },
    pause: pause.signal,
    onEvent: ({ event }) => {
      if (event === 'progress') pause.abort('enough');
    },
  });
  expect(paused).toMatchObject({ outcome: 'paused', rowsDone: 7 });
  return spec;
}

describe('it does not go on', () => {
  test('on another table that got the name', async () => {
    const spec = await begun('swapped');
    await session.exec(
      'ALTER TABLE swapped RENAME TO swapped_old; CREATE TABLE swapped AS TABLE swapped_old; ALTER TABLE swapped ADD PRIMARY KEY (id)',
    );
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 1,
      message: 'public.swapped is another table than the one swapped was started on.',
    });
    // As after a restore.
    await session.exec(`UPDATE tiptoe.backfill SET table_oid = NULL WHERE name = 'swapped'`);
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 30 });
    expect(await value(session, 'SELECT count(*) FROM swapped WHERE n <> 1')).toBe('0');
  });

  test('on the table of another schema', async () => {
    await session.exec('CREATE SCHEMA s2');
    const spec = await begun('pathed');
    await session.exec(`
      CREATE TABLE s2.pathed AS TABLE pathed; ALTER TABLE s2.pathed ADD PRIMARY KEY (id);
      ALTER ROLE CURRENT_USER IN DATABASE ${db.name} SET search_path = s2, public`);
    try {
      await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
        exitCode: 1,
        message: 'The backfill pathed was started on public.pathed; the statement now finds s2.pathed.',
      });
    } finally {
      await session.exec(`ALTER ROLE CURRENT_USER IN DATABASE ${db.name} RESET search_path`);
    }
  });

  test('when the table is replaced between two batches', async () => {
    const spec = await begun('midway');
    const running = run(db.ownerUrl, spec, { settings: { batchSize: 1, maxBatchSize: 1, rate: 10 } });
    await vi.waitUntil(
      async () => (await value(session, `SELECT batches FROM tiptoe.backfill_progress WHERE name = 'midway'`)) !== '1',
      10_000,
    );
    await session.exec(
      `BEGIN; ALTER TABLE midway RENAME TO midway_old; CREATE TABLE midway (LIKE midway_old INCLUDING ALL);
       INSERT INTO midway SELECT id FROM midway_old; COMMIT`,
    );
    expect(await running).toMatchObject({
      outcome: 'failed',
      reason: 'public.midway is another table than the one it was started on',
    });
    expect(await value(session, 'SELECT count(*) FROM midway WHERE n <> 0')).toBe('0');
  });

  test('in another order of the keys', async () => {
    const spec = await begun('ordered', { key: 'int' });
    await session.exec('ALTER TABLE ordered ALTER id TYPE text COLLATE "C"');
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        /^The key of ordered was \(pg_catalog\.int4\) when it started, and is \(pg_catalog\.text COLLATE pg_catalog\."C"\) now;/,
      ) as unknown,
    });
  });

  test('in another collation', async () => {
    const spec = await begun('collated', { key: 'text COLLATE "C"' });
    await session.exec('ALTER TABLE collated ALTER id TYPE text COLLATE "und-x-icu"');
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({ exitCode: 1 });
  });
});

test('a wider integer has the same order', async () => {
  const spec = await begun('widened');
  await session.exec('ALTER TABLE widened ALTER id TYPE bigint');
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 30 });
  expect(await value(session, 'SELECT count(*) FROM widened WHERE n <> 1')).toBe('0');
});

test('an edited file cannot slip in before the first batch of the process that runs', async () => {
  await session.exec(
    'CREATE TABLE slipped (id int PRIMARY KEY, n int); INSERT INTO slipped SELECT generate_series(1, 9)',
  );
  const other = await db.session();
  await other.exec('BEGIN; UPDATE slipped SET n = n WHERE id = 1');
  const first = run(db.ownerUrl, await specOf('slipped', 'UPDATE slipped SET n = 1'));
  await vi.waitUntil(
    async () =>
      (await session.query(`SELECT FROM tiptoe.lease WHERE name = 'backfill slipped' AND owner IS NOT NULL`)).length >
      0,
    10_000,
  );
  const edited = await specOf('slipped', 'UPDATE slipped SET n = 2');
  await expect(run(db.ownerUrl, edited)).rejects.toMatchObject({ exitCode: 3 });
  await vi.waitUntil(
    async () =>
      (await value(session, `SELECT count(*) FROM tiptoe.backfill WHERE name = 'slipped' AND state <> 'pending'`)) ===
      '1',
    10_000,
  );
  await registerBackfill(session, 'tiptoe', edited);
  expect(await value(session, `SELECT statement FROM tiptoe.backfill WHERE name = 'slipped'`)).toBe(
    'UPDATE slipped SET n = 1',
  );
  await other.exec('ROLLBACK');
  expect(await first).toMatchObject({ outcome: 'succeeded' });
  expect(await value(session, 'SELECT count(*) FROM slipped WHERE n = 1')).toBe('9');
});
