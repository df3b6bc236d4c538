import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import type { LockMode } from '../../src/postgres/lock-mode.ts';
import { standInLine, type Wait } from '../../src/safety/lock.ts';
import { resolveTargets } from '../../src/safety/targets.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { testDatabase } from '../support/database.ts';
import { startTraffic } from '../support/traffic.ts';

const db = testDatabase();

beforeAll(loadParser);
beforeAll(async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE book (id serial PRIMARY KEY, title text); CREATE TABLE shelf (id int)');
});

const LIMITS = { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 20_000 };

async function take(main: Session, control: Session, options: Partial<Parameters<typeof standInLine>[0]> = {}) {
  const targets = await resolveTargets(control, [{ relation: 'public.book', mode: 'AccessExclusiveLock' }]);
  return standInLine({ control, main, limits: LIMITS, targets: () => targets, ...options }, ({ patienceMs }) =>
    withTransaction(main, async () => {
      await main.exec(
        `SET LOCAL lock_timeout = ${Math.ceil(patienceMs)}; LOCK TABLE ONLY book IN ACCESS EXCLUSIVE MODE`,
      );
    }),
  );
}

test('behind a long reader traffic goes on, while the naive way holds it up for as long as the reader stays', async () => {
  const [main, control, watcher] = [await db.session(), await db.session(), await db.session()];
  const rows = async () =>
    Number((await watcher.query<{ rows: string }>('SELECT count(*) AS rows FROM book'))[0]?.rows);
  const waiting = async () =>
    watcher.query(
      `SELECT FROM pg_locks WHERE relation = 'book'::regclass AND NOT granted AND mode = 'RowExclusiveLock'`,
    );
  for (const way of ['naive', 'ours'] as const) {
    const reader = await db.session(db.trafficUrl, { applicationName: 'report' });
    await reader.exec('BEGIN; SELECT count(*) FROM book');
    const traffic = await startTraffic(db.trafficUrl, `INSERT INTO book (title) VALUES ('x')`);
    const before = await rows();
    let had = false;
    const lock =
      way === 'naive'
        ? withTransaction(main, () => main.exec('LOCK TABLE ONLY book IN ACCESS EXCLUSIVE MODE'))
        : take(main, control);
    const done = lock.finally(() => {
      had = true;
    });
    const isSeen = async () => (way === 'naive' ? (await waiting()).length === 3 : (await rows()) > before + 100);
    await vi.waitUntil(isSeen, { timeout: 30_000 });
    expect(had).toBe(false);
    await reader.exec('COMMIT');
    await done;
    await traffic.stop();
  }
});

test('it does not even queue behind a holder that has been there for long', async () => {
  const [main, control] = [await db.session(), await db.session(db.adminUrl)];
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT count(*) FROM book');
  await sleep(100);
  const waits: Wait[] = [];
  const line = await take(main, control, {
    limits: { ...LIMITS, giveUpAfterMs: 500 },
    onWait: (wait) => waits.push(wait),
  });
  expect(line).toMatchObject({
    kind: 'gave-up',
    attempts: 0,
    blockers: [{ pid: reader.pid, lock: 'AccessShareLock' }],
  });
  expect(waits.length).toBeGreaterThan(2);
});

test('where transactions overlap all the time it says which stall would do', async () => {
  const [main, control] = [await db.session(), await db.session(db.adminUrl)];
  const traffic = await startTraffic(
    db.trafficUrl,
    'BEGIN; SELECT count(*) FROM book; SELECT pg_sleep(0.4); COMMIT',
    4,
  );
  const line = await take(main, control, { limits: { maxStallMs: 50, capMs: 5_000, giveUpAfterMs: 1_500 } });
  await traffic.stop();
  expect(line).toMatchObject({ kind: 'gave-up', enoughStallMs: expect.any(Number) as unknown });
});

test('short transactions without end do not starve it, though their age is hidden', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const traffic = await startTraffic(
    db.trafficUrl,
    'BEGIN; SELECT count(*) FROM book; SELECT pg_sleep(0.015); COMMIT',
    8,
  );
  const line = await take(main, control);
  await traffic.stop();
  expect(line).toMatchObject({ kind: 'done' });
});

test('a deadlock is tried again, an error of the statement is not', async () => {
  const [main, control] = [await db.session(), await db.session()];
  let tries = 0;
  const none = { control, main, limits: LIMITS, targets: () => [] };
  const line = await standInLine(none, async () => {
    tries += 1;
    if (tries < 3) await main.exec(`DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$`);
    return tries;
  });
  expect(line).toMatchObject({ kind: 'done', value: 3, attempts: 3 });
  await expect(standInLine(none, () => main.exec('SELECT 1/0'))).rejects.toThrow('division by zero');
});

test('waiting ends with the signal', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT count(*) FROM book');
  await expect(take(main, control, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort/i);
});

test('several tables are taken in one order, whatever the order of asking', async () => {
  const control = await db.session();
  const mode: LockMode = 'AccessExclusiveLock';
  const names = async (...relations: string[]) =>
    (
      await resolveTargets(
        control,
        relations.map((relation) => ({ relation, mode })),
      )
    ).map(({ relation }) => relation);
  expect(await names('public.shelf', 'public.book')).toEqual(await names('public.book', 'public.shelf'));
});
