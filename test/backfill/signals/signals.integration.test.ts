import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, type Settings } from '../../../src/backfill/settings.ts';
import { activeSessions } from '../../../src/backfill/signals/active-sessions.ts';
import { archiveBacklog } from '../../../src/backfill/signals/archive-backlog.ts';
import { customChecks } from '../../../src/backfill/signals/checks.ts';
import { deadRows } from '../../../src/backfill/signals/dead-rows.ts';
import { lockWaiters } from '../../../src/backfill/signals/lock-waiters.ts';
import { oldestTransaction } from '../../../src/backfill/signals/oldest-transaction.ts';
import { readSignals, type Signal } from '../../../src/backfill/signals/signal.ts';
import { slotWal } from '../../../src/backfill/signals/slot-wal.ts';
import { timeWindow } from '../../../src/backfill/signals/time-window.ts';
import { openSession, type Session } from '../../../src/db/session.ts';
import { connectionTo } from '../../support/database.ts';
import { startPrimary, type Replicable } from '../../support/standby.ts';
import { run, specOf, value } from '../support.ts';

let server: Replicable;
let admin: Session;
let monitor: Session;

/** A server of its own: what other tests do on a shared one would be heard here. */
beforeAll(async () => {
  server = await startPrimary({
    archive_mode: 'on',
    archive_command: 'false',
    max_prepared_transactions: '2',
    autovacuum: 'off',
  });
  admin = await openSession(connectionTo(server.url), { applicationName: 'test' });
  await admin.exec(
    'CREATE ROLE plain LOGIN; CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT generate_series(1, 5000), 0',
  );
  monitor = await openSession(connectionTo(server.url), { applicationName: 'tiptoe backfill x' });
}, 120_000);
afterAll(async () => {
  await monitor.close();
  await admin.close();
  await server.stop();
});

const hear = (signal: Signal, settings: Partial<Settings> = {}, session = monitor) =>
  readSignals([signal], session, { settings: { ...DEFAULT_SETTINGS, ...settings }, ownPids: [] });
const table = async () => ({ oid: String(await value(admin, `SELECT 't'::regclass::oid::text`)), shown: 'public.t' });
const stop = (signal: string, reason: RegExp) => ({
  kind: 'stop',
  signal,
  reason: expect.stringMatching(reason) as unknown,
});
const go = { kind: 'go' };

/** A session of a role that may not see what others do. */
async function asPlain<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const url = new URL(server.url);
  url.username = 'plain';
  url.password = '';
  const password = 'plain';
  await admin.exec(`ALTER ROLE plain PASSWORD '${password}'`);
  url.password = password;
  const session = await openSession(connectionTo(url.href), { applicationName: 'tiptoe backfill x' });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function withOther<T>(work: (other: Session) => Promise<T>): Promise<T> {
  const other = await openSession(connectionTo(server.url), { applicationName: 'someone' });
  try {
    return await work(other);
  } finally {
    await other.close();
  }
}

test('a replication slot that keeps too much WAL', async () => {
  await admin.query(`SELECT pg_create_physical_replication_slot('forgotten', true)`);
  expect(await hear(slotWal, { maxSlotWal: 1024 ** 3 })).toEqual(go);
  await admin.exec('CREATE TABLE wal AS SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 10000) g');
  expect(await hear(slotWal, { maxSlotWal: 1024 ** 2 })).toEqual(
    stop('replication slots', /^the inactive replication slot forgotten keeps [\d.]+MB of WAL \(max-slot-wal 1MB\)$/),
  );
  expect(await hear(slotWal)).toEqual(go);
  await admin.query(`SELECT pg_drop_replication_slot('forgotten')`);
});

test('WAL that is not archived, and a role that may not look', async () => {
  await admin.query('SELECT pg_switch_wal()');
  await admin.exec(
    'CREATE TABLE more AS SELECT 1; SELECT pg_switch_wal(); CREATE TABLE evenmore AS SELECT 1; SELECT pg_switch_wal()',
  );
  expect(await hear(archiveBacklog, { maxArchiveBacklog: 1000 })).toEqual(go);
  expect(await hear(archiveBacklog, { maxArchiveBacklog: 1 })).toEqual(
    stop('WAL archive', /^\d+ WAL files wait to be archived \(max-archive-backlog 1\)/),
  );
  expect(await asPlain((plain) => hear(archiveBacklog, { maxArchiveBacklog: 1 }, plain))).toEqual(
    stop('WAL archive', /^cannot read WAL archive: permission denied .*: GRANT pg_monitor TO plain;$/),
  );
  expect(await asPlain((plain) => hear(archiveBacklog, {}, plain))).toEqual(go);
});

test('sessions at work, and a role that may not see them', async () => {
  await withOther(async (other) => {
    const sleeping = other.query('SELECT pg_sleep(3)').catch(() => undefined);
    await withOther(async (second) => {
      const alsoSleeping = second.query('SELECT pg_sleep(3)').catch(() => undefined);
      await sleep(300);
      expect(await hear(activeSessions, { maxActive: 1 })).toEqual(
        stop('active sessions', /^2 sessions are active \(max-active 1\)$/),
      );
      expect(await hear(activeSessions, { maxActive: 2 })).toMatchObject({ kind: 'slow', times: 2 });
      expect(await hear(activeSessions, { maxActive: 10 })).toEqual(go);
      expect(await asPlain((plain) => hear(activeSessions, { maxActive: 10 }, plain))).toEqual(
        stop('active sessions', /hidden: GRANT pg_monitor TO plain;$/),
      );
      await alsoSleeping;
    });
    await sleeping;
  });
});

test('an old transaction, open or prepared, and a role that may not see it', async () => {
  expect(await hear(oldestTransaction, { maxTransactionAgeMs: 60_000 })).toEqual(go);
  await withOther(async (other) => {
    await other.exec('BEGIN; SELECT 1');
    await sleep(300);
    expect(await hear(oldestTransaction, { maxTransactionAgeMs: 200 })).toEqual(
      stop(
        'oldest transaction',
        new RegExp(`^the transaction of pid ${other.pid} is open for \\d+ ms \\(max-transaction-age 200ms\\)$`),
      ),
    );
    expect(await asPlain((plain) => hear(oldestTransaction, { maxTransactionAgeMs: 60_000 }, plain))).toEqual(
      stop('oldest transaction', /hidden: GRANT pg_monitor TO plain;$/),
    );
    await other.exec(`COMMIT; BEGIN; INSERT INTO t VALUES (-1, 0); PREPARE TRANSACTION 'left behind'`);
  });
  await sleep(300);
  expect(await hear(oldestTransaction, { maxTransactionAgeMs: 200 })).toEqual(
    stop(
      'oldest transaction',
      /^the transaction of the prepared transaction left behind|^the prepared transaction left behind/,
    ),
  );
  await admin.query(`ROLLBACK PREPARED 'left behind'`);
});

test('dead rows, and a vacuum of the table', async () => {
  const signal = deadRows(await table());
  await admin.exec('VACUUM ANALYZE t');
  await admin.exec('UPDATE t SET n = n + 1');
  await expect.poll(async () => (await hear(signal, { maxDeadShare: 0.2 })).kind, { timeout: 10_000 }).toBe('stop');
  expect(await hear(signal, { maxDeadShare: 0.2 })).toEqual(
    stop('dead rows', /^[\d.]+ % of the rows of public\.t are dead \(max-dead 20 %\)$/),
  );
  await admin.exec('ALTER TABLE t SET (autovacuum_vacuum_threshold = 100000)');
  expect(await hear(signal, { maxDeadShare: 0.2 })).toEqual(
    stop('dead rows', /; autovacuum comes only from 10\d{4} dead rows on: VACUUM public\.t$/),
  );
  expect(await hear(signal)).toEqual(go);
  await withOther(async (other) => {
    await other.exec('SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1');
    const vacuuming = other.exec('VACUUM t').catch(() => undefined);
    await expect
      .poll(() => hear(signal, { maxDeadShare: 0.99 }), { timeout: 10_000 })
      .toEqual({ kind: 'slow', times: 2, signal: 'autovacuum', reason: 'vacuum works on public.t' });
    await admin.query('SELECT pg_cancel_backend($1)', [other.pid]);
    await vacuuming;
  });
});

test('a session that waits for a lock on a partition', async () => {
  await admin.exec(
    'CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9)',
  );
  const oid = String(await value(admin, `SELECT 'p'::regclass::oid::text`));
  await withOther(async (holder) => {
    await holder.exec('BEGIN; LOCK TABLE p1 IN ACCESS SHARE MODE');
    await withOther(async (waiter) => {
      const waiting = waiter.exec('BEGIN; LOCK TABLE ONLY p1 IN ACCESS EXCLUSIVE MODE; COMMIT').catch(() => undefined);
      await expect
        .poll(() => hear(lockWaiters({ oid, shown: 'public.p' })), { timeout: 5_000 })
        .toEqual(stop('lock waiters', new RegExp(`^pid ${waiter.pid} waits for AccessExclusiveLock on public.p`)));
      await holder.exec('ROLLBACK');
      await waiting;
    });
  });
});

test('a time window', async () => {
  const hour = Number(await value(admin, `SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'UTC')::int`));
  const window = (from: number, to: number): string =>
    [from, to].map((h) => `${String((hour + h + 24) % 24).padStart(2, '0')}:00`).join('-');
  expect(await hear(timeWindow, { windows: [window(-1, 2)] })).toEqual(go);
  expect(await hear(timeWindow, { windows: [window(3, 5)] })).toEqual(
    stop('time window', /^outside of the window [\d:-]+, which opens at \d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/),
  );
  expect(await hear(timeWindow, { windows: [window(3, 5), window(-1, 2)] })).toEqual(go);
});

test('queries of the own: what they say counts, and whatever they do is bounded and changes nothing', async () => {
  const signal = customChecks(connectionTo(server.url), 'tiptoe backfill x');
  const ask = (...checks: string[]) => hear(signal, { checks });
  const goes = (...checks: string[]) =>
    expect.poll(() => ask(...checks), { timeout: 15_000, interval: 200 }).toEqual(go);
  await goes('ok: SELECT true', 'rows > 10: SELECT count(*) FROM t');
  const soon = (check: string, reason: RegExp) =>
    expect
      .poll(() => ask('ok: SELECT true', check), { timeout: 15_000, interval: 200 })
      .toEqual(stop(check.split(':')[0]?.replace(/ >.*/, '') ?? '', reason));
  await soon('disk: SELECT false', /^disk says false$/);
  await soon('rows > 10000: SELECT count(*) FROM t', /^rows is 5000 \(goes on at > 10000\)$/);
  await soon('gone: SELECT x FROM nowhere', /^cannot read gone: relation "nowhere" does not exist$/);
  await soon('slow: SELECT pg_sleep(60) IS NULL', /^cannot read slow: canceling statement due to statement timeout$/);
  await soon('bad: WITH d AS (DELETE FROM t RETURNING 1) SELECT true FROM d', /read-only transaction$/);
  expect(await value(admin, 'SELECT count(*)::int FROM t')).toBe(5000);
  // Its own connection may break; it comes back.
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptoe backfill x' AND pid <> $1`,
    [monitor.pid],
  );
  await goes('ok: SELECT true');
  signal.close?.();
});

test('garbage in the table holds it up, and it goes on when that is put right', async () => {
  const spec = await specOf('garbage', 'UPDATE t SET n = -1 WHERE n <> -1');
  const reasons: string[] = [];
  const ran = await run(server.url, spec, {
    settings: { rate: 2_000, batchSize: 100, maxBatchSize: 100 },
    onEvent(event) {
      if (event.event === 'throttled') {
        reasons.push(event.reason);
        void admin.query(`UPDATE tiptoe.backfill SET signals = '{"max-active": "50"}'`);
      } else if (event.event === 'progress' && event.batches === 2) {
        void admin.query(`UPDATE tiptoe.backfill SET signals = '{"max-activ": "50"}'`);
      }
    },
  });
  expect(ran.outcome).toBe('succeeded');
  expect(reasons).toEqual(["the column signals cannot be read: there is no signal 'max-activ'"]);
  const lost = await admin.query(`SELECT signal, seconds > 0 AS lost, times::int FROM tiptoe.backfill_wait`);
  expect(lost).toContainEqual({ signal: 'signals', lost: true, times: 1 });
});
