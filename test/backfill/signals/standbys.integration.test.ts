import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BackfillEvent } from '../../../src/backfill/event.ts';
import type { RunBackfillOptions } from '../../../src/backfill/run.ts';
import { withSession, type Session } from '../../../src/db/session.ts';
import { connectionTo } from '../../support/database.ts';
import { crash, restart, startPrimary, startStandby, type Replicable, type Standby } from '../../support/standby.ts';
import { run, specOf, type Ran, value } from '../support.ts';

let primary: Replicable;
let standby: Standby;
let cascaded: Standby;

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary, { max_standby_streaming_delay: '-1' });
  cascaded = await startStandby(standby);
}, 240_000);
afterAll(async () => {
  for (const server of [cascaded, standby, primary]) await server.stop();
});

const on = <T>({ url }: Replicable, work: (session: Session) => Promise<T>) =>
  withSession(connectionTo(url), { applicationName: 'tiptoe test' }, work);
const ask = (server: Replicable, sql: string): Promise<unknown> => on(server, (session) => value(session, sql));

/** Rows that are changed one by one for about ten seconds: long enough to be held up, and to come to an end. */
const ROWS = 400;
const SLOWLY = { rate: 50, batchTimeMs: 50, batchSize: 5, maxBatchSize: 5, maxLagMs: 1_000 };

beforeEach(async () => {
  await on(primary, (session) =>
    session.exec(`DROP SCHEMA IF EXISTS tiptoe CASCADE; DROP TABLE IF EXISTS t;
                  CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO t SELECT generate_series(1, ${ROWS})`),
  );
  await standby.catchUp();
  await cascaded.catchUp();
});

const changed = (): Promise<number> => ask(primary, 'SELECT count(*)::int FROM t WHERE n = 1') as Promise<number>;

interface Story {
  readonly ran: Ran;
  /** Rows changed after the standby had been stopped for as long as the limit allows. */
  readonly overshoot: number;
  readonly heldBy: string;
  readonly timeLost: number;
}

/** Runs a backfill, stops a standby in the middle, waits until nothing is written any more, and lets the standby go on. */
async function interrupted(
  name: string,
  more: Partial<RunBackfillOptions>,
  stop: () => Promise<unknown>,
  resume: () => Promise<unknown>,
): Promise<Story> {
  const batches: { at: number; rows: number }[] = [];
  const throttled: { at: number; reason: string }[] = [];
  let stoppedAt = Infinity;
  const onEvent = (event: BackfillEvent): void => {
    if (event.event === 'progress') batches.push({ at: performance.now(), rows: event.batchRows });
    if (event.event === 'throttled' && stoppedAt < Infinity)
      throttled.push({ at: performance.now(), reason: event.reason });
  };
  const spec = await specOf(name, 'UPDATE t SET n = 1 WHERE n = 0');
  const running = run(primary.url, spec, { settings: SLOWLY, ...more, onEvent });
  while (batches.length < 4) await sleep(20);
  stoppedAt = performance.now();
  await stop();
  while (throttled.length === 0) await sleep(20);
  const { at = 0, reason = '' } = throttled[0] ?? {};
  await sleep(500);
  const before = await changed();
  await sleep(2_000);
  // It stands still for as long as the standby does.
  expect(await changed()).toBe(before);
  await resume();
  const ran = await running;
  const overshoot = batches
    .filter((batch) => batch.at > at && batch.at < at + 2_000)
    .reduce((sum, { rows }) => sum + rows, 0);
  const timeLost = Number(await ask(primary, `SELECT seconds FROM tiptoe.backfill_wait WHERE signal = 'replica lag'`));
  process.stdout.write(
    `${name}: held up ${((at - stoppedAt) / 1000).toFixed(2)} s after the standby stopped (max-lag ${SLOWLY.maxLagMs / 1000} s); ${overshoot} rows in batches that ended after that; ${timeLost.toFixed(1)} s lost\n`,
  );
  return { ran, overshoot, heldBy: reason, timeLost };
}

test(
  'a standby whose replay is paused stops the writing within one batch, and it goes on by itself',
  { timeout: 90_000 },
  async () => {
    const { ran, overshoot, heldBy, timeLost } = await interrupted(
      'paused',
      {},
      () => ask(standby, 'SELECT pg_wal_replay_pause()'),
      () => ask(standby, 'SELECT pg_wal_replay_resume()'),
    );
    expect(ran.outcome).toBe('succeeded');
    expect(await changed()).toBe(ROWS);
    expect(heldBy).toMatch(/^the standby standby is \d+\.\d s behind \(max-lag 1s\)$/);
    expect(overshoot).toBeLessThanOrEqual(SLOWLY.maxBatchSize);
    expect(timeLost).toBeGreaterThan(2);
  },
);

test('a standby that replays late on purpose stops it until it is ignored', { timeout: 90_000 }, async () => {
  const setDelay = async (delay: string): Promise<void> => {
    await on(standby, (session) => session.exec(`ALTER SYSTEM SET recovery_min_apply_delay = '${delay}'`));
    await ask(standby, 'SELECT pg_reload_conf()');
  };
  const { ran, overshoot } = await interrupted(
    'delayed',
    {},
    () => setDelay('1h'),
    async () => {
      await ask(
        primary,
        `UPDATE tiptoe.backfill SET signals = signals || '{"ignore-replica": ["standby"]}' RETURNING 1`,
      );
    },
  );
  expect(ran.outcome).toBe('succeeded');
  expect(overshoot).toBeLessThanOrEqual(SLOWLY.maxBatchSize);
  await setDelay('0');
});

test('a standby that is behind when it begins holds it up from the first batch on', { timeout: 90_000 }, async () => {
  await ask(standby, 'SELECT pg_wal_replay_pause()');
  await on(primary, (session) => session.exec('UPDATE t SET n = 0'));
  const stop = new AbortController();
  const spec = await specOf('late', 'UPDATE t SET n = 1 WHERE n = 0');
  let reason = '';
  const ran = await run(primary.url, spec, {
    settings: SLOWLY,
    pause: stop.signal,
    onEvent(event) {
      if (event.event !== 'throttled') return;
      reason = event.reason;
      stop.abort('enough');
    },
  });
  expect({ outcome: ran.outcome, changed: await changed() }).toEqual({ outcome: 'paused', changed: 0 });
  expect(reason).toMatch(/^the standby standby is \d+\.\d MB and at least \d+\.\d s behind; it has not replayed yet/);
  await ask(standby, 'SELECT pg_wal_replay_resume()');
});

test('a standby of a standby is asked by its own URL, which is kept nowhere', { timeout: 90_000 }, async () => {
  const { ran, overshoot, heldBy } = await interrupted(
    'cascaded',
    { settings: { ...SLOWLY, replicaUrlEnvs: ['EU_REPLICA'] }, environment: { EU_REPLICA: cascaded.url } },
    () => ask(cascaded, 'SELECT pg_wal_replay_pause()'),
    () => ask(cascaded, 'SELECT pg_wal_replay_resume()'),
  );
  expect(ran.outcome).toBe('succeeded');
  expect(heldBy).toMatch(/^the standby EU_REPLICA is \d+\.\d s behind \(max-lag 1s\)$/);
  expect(overshoot).toBeLessThanOrEqual(SLOWLY.maxBatchSize);
  const books = String(
    await ask(
      primary,
      `SELECT string_agg(b::text, '') || (SELECT string_agg(e::text, '') FROM tiptoe.backfill_event e) FROM tiptoe.backfill b`,
    ),
  );
  expect(books).toContain('EU_REPLICA');
  expect(books).not.toContain(new URL(cascaded.url).password);
});

test.each([
  ['is not set', {}, /EU_REPLICA: that environment variable is not set where the backfill runs$/],
  ['is no URL', { EU_REPLICA: 'postgres://me:secret@[' }, /the standby of EU_REPLICA: /],
  ['leads to nobody', { EU_REPLICA: 'postgres://me:secret@127.0.0.1:1/x' }, /the standby of EU_REPLICA: /],
  ['leads to the primary', 'primary', /EU_REPLICA leads to a server that is no standby$/],
] as const)(
  'a standby whose URL %s holds it up, and the password is not shown',
  { timeout: 60_000 },
  async (_, given, expected) => {
    const environment = given === 'primary' ? { EU_REPLICA: primary.url } : given;
    const stop = new AbortController();
    const spec = await specOf('blind', 'UPDATE t SET n = 1 WHERE n = 0');
    const reasons: string[] = [];
    const ran = await run(primary.url, spec, {
      settings: { ...SLOWLY, replicaUrlEnvs: ['EU_REPLICA'] },
      environment,
      pause: stop.signal,
      onEvent(event) {
        if (event.event !== 'throttled') return;
        reasons.push(event.reason);
        if (expected.test(event.reason)) stop.abort('enough');
      },
    });
    expect({ outcome: ran.outcome, changed: await changed() }).toEqual({ outcome: 'paused', changed: 0 });
    expect(reasons.join('\n')).not.toContain('secret');
  },
);

test('a standby that must be there, and is not, holds it up', { timeout: 60_000 }, async () => {
  const stop = new AbortController();
  const spec = await specOf('expected', 'UPDATE t SET n = 1 WHERE n = 0');
  let reason = '';
  const ran = await run(primary.url, spec, {
    settings: { ...SLOWLY, expectReplicas: ['standby', 'reports'] },
    pause: stop.signal,
    onEvent(event) {
      if (event.event !== 'throttled') return;
      reason = event.reason;
      stop.abort('enough');
    },
  });
  expect({ outcome: ran.outcome, changed: await changed() }).toEqual({ outcome: 'paused', changed: 0 });
  expect(reason).toMatch(/^the standby reports is not in pg_stat_replication; .*ignore-replica reports$/);
});

test('a standby that dies stops it until it is back', { timeout: 90_000 }, async () => {
  const { ran, overshoot, heldBy } = await interrupted(
    'dead',
    {},
    () => crash(standby),
    () => restart(standby),
  );
  expect(ran.outcome).toBe('succeeded');
  expect(heldBy).toMatch(/^the standby standby is (?:\d|not in pg_stat_replication)/);
  expect(overshoot).toBeLessThanOrEqual(SLOWLY.maxBatchSize);
});
