import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { BackfillEvent } from '../../src/backfill/event.ts';
import { prepareJob } from '../../src/backfill/job.ts';
import { openRanges } from '../../src/backfill/ranges.ts';
import { openStore } from '../../src/backfill/store.ts';
import { readSkipped, retryKey } from '../../src/backfill/skipped.ts';
import type { Session } from '../../src/db/session.ts';
import { acquireLease, underLease } from '../../src/safety/lease.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
let session: Session;

beforeEach(async () => {
  session = await db.session();
  await openStore('tiptoe').ensure(session);
});

async function makeTable(name: string, rows: number): Promise<void> {
  await session.exec(`
    CREATE TABLE ${name} (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${name} SELECT generate_series(1, ${rows});
    ANALYZE ${name}`);
}

/** Resolves when somebody waits for what a session has locked. */
async function somebodyWaitsFor({ pid }: Session): Promise<void> {
  await vi.waitUntil(
    async () =>
      (await value(session, `SELECT count(*) FROM pg_stat_activity a WHERE ${pid} = ANY (pg_blocking_pids(a.pid))`)) !==
      '0',
    10_000,
  );
}

/** Registered and planned, and stopped by a signal before its first batch. */
async function planned(name: string, more: Parameters<typeof run>[2] = {}) {
  await makeTable(name, 1000);
  const spec = await specOf(name, `UPDATE ${name} SET n = n + 1`);
  const pause = new AbortController();
  const ended = run(db.ownerUrl, spec, {
    ...more,
    settings: { batchSize: 100, checks: ['shop closed: SELECT false'] },
    pause: pause.signal,
    onEvent: (event) => more.onEvent?.(event),
  });
  await vi.waitUntil(
    async () =>
      (await session.query(`SELECT FROM tiptoe.backfill WHERE name = '${name}' AND state = 'throttled'`)).length === 1,
    10_000,
  );
  return { spec, ended, pause };
}

const open = (name: string) => session.exec(`UPDATE tiptoe.backfill SET signals = '{}' WHERE name = '${name}'`);

test('who begins while the first batch of another worker is being committed goes on after it', async () => {
  const { spec, ended, pause } = await planned('first_batch');
  pause.abort('enough');
  await ended;
  await open('first_batch');
  // A worker that has joined the one that is gone.
  const worker = await db.session();
  await worker.exec(`
    BEGIN;
    UPDATE tiptoe.backfill_range SET claimed_by = 'a worker' WHERE backfill = 'first_batch';
    UPDATE first_batch SET n = n + 1 WHERE id <= 100;
    UPDATE tiptoe.backfill_range SET last_key = '{100}', batches = 1, rows_done = 100, rows_visited = 100 WHERE backfill = 'first_batch'`);
  const next = run(db.ownerUrl, spec, { settings: { checks: [] } });
  await somebodyWaitsFor(worker);
  await worker.exec('COMMIT');
  expect(await next).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 1000,
    remaining: { chain: { kind: 'unbroken' } },
  });
  expect(await value(session, 'SELECT count(*) FROM first_batch WHERE n <> 1')).toBe('0');
});

test('another statement does not begin while the first batch of the old one is being committed', async () => {
  const { ended, pause } = await planned('first_batch_of_old');
  pause.abort('enough');
  await ended;
  const worker = await db.session();
  await worker.exec(`
    BEGIN;
    UPDATE tiptoe.backfill_range SET claimed_by = 'a worker' WHERE backfill = 'first_batch_of_old';
    UPDATE first_batch_of_old SET n = n + 1 WHERE id <= 100;
    UPDATE tiptoe.backfill_range SET last_key = '{100}', batches = 1, rows_done = 100, rows_visited = 100 WHERE backfill = 'first_batch_of_old'`);
  const next = run(db.ownerUrl, await specOf('first_batch_of_old', 'UPDATE first_batch_of_old SET n = n + 2'), {
    settings: { checks: [] },
  });
  await Promise.all([
    expect(next).rejects.toMatchObject({
      exitCode: 1,
      message:
        'The statement of first_batch_of_old was changed after it had started (100 keys visited by the old one).',
    }),
    somebodyWaitsFor(worker).then(() => worker.exec('COMMIT')),
  ]);
  expect(await value(session, 'SELECT count(*) FROM first_batch_of_old WHERE n > 1')).toBe('0');
});

describe('before the first batch', () => {
  test('who has another statement does not join', async () => {
    const { ended } = await planned('other_words', { workers: 1 });
    const other = await specOf('other_words', 'UPDATE other_words SET n = n + 2');
    await expect(run(db.ownerUrl, other, { workers: 2, waitForRunnerMs: 5_000 })).rejects.toMatchObject({
      exitCode: 1,
      message: 'The statement of other_words is another one than the one that is running.',
    });
    await open('other_words');
    expect(await ended).toMatchObject({ outcome: 'succeeded', rowsDone: 1000 });
    expect(await value(session, 'SELECT count(*) FROM other_words WHERE n <> 1')).toBe('0');
  });

  test('a worker whose statement is not the one that is run by now takes no range', async () => {
    const { ended } = await planned('old_words');
    // As one does that takes the lead with another file.
    await session.exec(`
      BEGIN;
      DELETE FROM tiptoe.backfill_range WHERE backfill = 'old_words';
      INSERT INTO tiptoe.backfill_range (backfill, number, table_oid, table_name) VALUES ('old_words', 1, 'old_words'::regclass, 'public.old_words');
      UPDATE tiptoe.backfill SET statement = 'UPDATE old_words SET n = n + 2', statement_hash = 'another', signals = '{}' WHERE name = 'old_words';
      COMMIT`);
    await expect(ended).rejects.toMatchObject({
      exitCode: 3,
      message: 'The statement of old_words was changed since this process began to work at it.',
    });
    expect(await value(session, 'SELECT count(*) FROM old_words WHERE n <> 0')).toBe('0');
  });
});

describe('a COMMIT whose end nobody waited for', () => {
  test('of a key that was left out is not tried again beside it', async () => {
    await session.exec(`
      CREATE TABLE in_doubt (id int PRIMARY KEY, n int NOT NULL DEFAULT 0 CHECK (n < 1 OR id <> 33));
      INSERT INTO in_doubt SELECT generate_series(1, 90)`);
    const spec = await specOf('in_doubt', 'UPDATE in_doubt SET n = n + 1');
    expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 1 });
    await session.exec('ALTER TABLE in_doubt DROP CONSTRAINT in_doubt_check');
    const [control, before, again] = [await db.session(), await db.session(), await db.session()];
    const lease = await acquireLease(control, {
      schema: 'tiptoe',
      name: 'backfill in_doubt',
      owner: 'a test',
      waitMs: 0,
      ttlMs: 30_000,
    });
    const job = await prepareJob(session, spec);
    const parts = { job, schema: 'tiptoe', ranges: openRanges('tiptoe', 'in_doubt'), lease };
    const [key] = await readSkipped(session, 'tiptoe', 'in_doubt');
    if (key === undefined) throw new Error('a key was left out');
    let commit = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const slow: Session = {
      ...before,
      query: (text, values) => before.query(text, values),
      run: (text, values) => before.run(text, values),
      exec: async (sql) => {
        if (sql === 'COMMIT') await gate;
        return before.exec(sql);
      },
    };
    const first = retryKey(slow, parts, key);
    await sleep(200);
    const second = retryKey(again, parts, key);
    await somebodyWaitsFor(before);
    commit();
    expect(await Promise.all([first, second])).toEqual([1, 0]);
    expect(await value(session, 'SELECT count(*) FROM in_doubt WHERE n <> 1')).toBe('0');
    await lease.release(control);
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 90 });
    expect(await value(session, 'SELECT count(*) FROM in_doubt WHERE n <> 1')).toBe('0');
  });
});

test('a key that was left out is still known after a restore', async () => {
  await session.exec(`
    CREATE TABLE restored (id int PRIMARY KEY, n int NOT NULL DEFAULT 0 CHECK (n < 1 OR id <> 33));
    INSERT INTO restored SELECT generate_series(1, 90)`);
  const spec = await specOf('restored', 'UPDATE restored SET n = n + 1');
  expect(await run(db.ownerUrl, spec, { skipPoison: true })).toMatchObject({ outcome: 'gave-up', keysSkipped: 1 });
  await session.exec(`
    CREATE TABLE copy (LIKE restored INCLUDING ALL); INSERT INTO copy TABLE restored;
    DROP TABLE restored; ALTER TABLE copy RENAME TO restored;
    ALTER TABLE restored DROP CONSTRAINT restored_check;
    UPDATE tiptoe.backfill SET table_oid = NULL WHERE name = 'restored'`);
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 90 });
  expect(await value(session, 'SELECT count(*) FROM restored WHERE n <> 1')).toBe('0');
});

test('who claims a range does not wait for a batch whose worker is taken for dead', async () => {
  await makeTable('presumed', 1000);
  const spec = await specOf('presumed', 'UPDATE presumed SET n = n + 1');
  const pause = new AbortController();
  await run(db.ownerUrl, spec, {
    settings: { batchSize: 100, maxBatchSize: 100, checks: [] },
    pause: pause.signal,
    onEvent: ({ event }) => void (event === 'progress' && pause.abort('enough')),
  });
  const [control, main] = [await db.session(), await db.session()];
  const lease = await acquireLease(control, {
    schema: 'tiptoe',
    name: 'backfill presumed worker 1',
    owner: 'a test',
    waitMs: 0,
    ttlMs: 3_000_000,
  });
  await session.exec(
    `UPDATE tiptoe.lease SET expires_at = now() - interval '1 s' WHERE name = 'backfill presumed worker 1'`,
  );
  const failed: BackfillEvent[] = [];
  await underLease(main, lease, async () => {
    await main.query(`UPDATE presumed SET n = n WHERE id = 1`);
    expect(
      await run(db.ownerUrl, spec, { onEvent: (event) => void (event.event === 'batch-failed' && failed.push(event)) }),
    ).toMatchObject({ outcome: 'succeeded', rowsDone: 1000 });
  });
  expect(failed).toEqual([]);
});
