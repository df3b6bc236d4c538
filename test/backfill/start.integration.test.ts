import { expect, test, vi } from 'vitest';
import { requestState } from '../../src/backfill/control.ts';
import { backfillStatus, listBackfills } from '../../src/backfill/status.ts';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();

test('a table that is locked at the start is waited for, and then the holder is named', async () => {
  const [session, other] = [await db.session(), await db.session()];
  await session.exec('CREATE TABLE held (id int PRIMARY KEY, n int); INSERT INTO held SELECT generate_series(1, 9)');
  const spec = await specOf('held', 'UPDATE held SET n = 1');
  await other.exec('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
  await expect(run(db.ownerUrl, spec, { waitForLockMs: 0 })).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      new RegExp(`^The backfill could not begin: pid ${other.pid} \\(.*\\) holds AccessExclusiveLock on public\\.held`),
    ) as unknown,
  });
  const running = run(db.ownerUrl, spec, { waitForLockMs: 30_000 });
  await vi.waitUntil(
    async () =>
      (
        await session.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'tiptoe backfill held'`,
        )
      ).length > 0,
    10_000,
  );
  await other.exec('COMMIT');
  expect(await running).toMatchObject({ outcome: 'succeeded', rowsDone: 9 });
});

test('the connections may break before the first batch, too', async () => {
  const [session, other] = [await db.session(), await db.session()];
  await session.exec('CREATE TABLE cut (id int PRIMARY KEY, n int); INSERT INTO cut SELECT generate_series(1, 9)');
  await other.exec('BEGIN; LOCK TABLE cut IN ACCESS EXCLUSIVE MODE');
  const cut = async () => {
    await vi.waitUntil(
      async () =>
        (
          await session.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name ~ '^tiptoe backfill .*cut$'`,
          )
        ).length > 0,
      10_000,
    );
  };
  const spec = await specOf('cut', 'UPDATE cut SET n = 1');
  const hopeless = run(db.ownerUrl, spec, { reconnectForMs: 0 }).catch((error: unknown) => error);
  await cut();
  expect(await hopeless).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^The connection was lost and did not come back within /) as unknown,
  });
  const running = run(db.ownerUrl, spec);
  await cut();
  await other.exec('COMMIT');
  expect(await running).toMatchObject({ outcome: 'succeeded', rowsDone: 9 });

  await other.exec('BEGIN; LOCK TABLE cut IN ACCESS EXCLUSIVE MODE');
  const verified = verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', 'cut', new AbortController().signal).catch(
    (error: unknown) => error,
  );
  await cut();
  expect(await verified).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^The connection was lost: /) as unknown,
  });
});

test('a cancel that comes when no batch is at work cuts nothing off', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE late (id int PRIMARY KEY, n int); INSERT INTO late SELECT generate_series(1, 60)');
  const [pause, cancelBatch] = [new AbortController(), new AbortController()];
  const result = await run(db.ownerUrl, await specOf('late', 'UPDATE late SET n = 1'), {
    settings: { batchSize: 7 },
    pause: pause.signal,
    cancelBatch: cancelBatch.signal,
    onEvent: ({ event }) => {
      if (event !== 'progress') return;
      pause.abort('Ctrl-C');
      cancelBatch.abort('Ctrl-C');
    },
  });
  expect(result).toMatchObject({ outcome: 'paused', reason: 'Ctrl-C', rowsDone: 7 });
  expect(await backfillStatus(session, 'tiptoe', 'late')).toMatchObject({ state: 'paused', rowsDone: 7 });
});

test('a pause does not take a cancellation back', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE gone (id int PRIMARY KEY, n int); INSERT INTO gone VALUES (1)');
  const spec = await specOf('gone', 'UPDATE gone SET n = 1 / (n - n)');
  await session.exec('UPDATE gone SET n = 1');
  await run(db.ownerUrl, spec);
  await requestState(session, 'tiptoe', 'gone', 'cancelled');
  await expect(requestState(session, 'tiptoe', 'gone', 'paused')).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/^The backfill gone was cancelled; /) as unknown,
    advice: 'tiptoe backfill resume gone lets it go on first.',
  });
  // By plain SQL it can be asked for.
  await session.exec(`UPDATE tiptoe.backfill SET desired_state = 'paused' WHERE name = 'gone'`);
  await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({ message: 'The backfill gone was cancelled.' });
  await requestState(session, 'tiptoe', 'gone', 'running');
  expect(await value(session, `SELECT desired_state FROM tiptoe.backfill WHERE name = 'gone'`)).toBe('running');
});

test('books that may not be read are said to be there', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec('CREATE SCHEMA closed; CREATE TABLE closed.backfill (); CREATE TABLE closed.lease ()');
  const session = await db.session();
  const message = expect.stringMatching(/^Role \w+ may not use tiptoe's tables in schema closed: /) as unknown;
  await expect(listBackfills(session, 'closed')).rejects.toMatchObject({ exitCode: 2, message });
});
