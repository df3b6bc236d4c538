import { beforeAll, expect, inject, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { checkClient } from '../../src/safety/client-check.ts';
import { testDatabase } from '../support/database.ts';
import { columns, ledger, run } from './support.ts';

const db = testDatabase();
/** A busy machine may take its time. */
const PATIENT = { timeout: 20_000 };
const FAST = { maxStallMs: 200, capMs: 600, giveUpAfterMs: 2_000 };

beforeAll(async () => {
  const owner = await db.session();
  await owner.exec(`
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    CREATE FUNCTION add_slowly(t text) RETURNS void LANGUAGE plpgsql AS
      $$ BEGIN EXECUTE 'ALTER TABLE ' || t || ' ADD b int'; PERFORM pg_sleep(60); END $$;
    CREATE PROCEDURE add_and_stay(t text) LANGUAGE plpgsql AS
      $$ BEGIN COMMIT; EXECUTE 'ALTER TABLE ' || t || ' ADD b int'; PERFORM pg_sleep(60); END $$;
    CREATE FUNCTION deaf(t text) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        EXECUTE 'ALTER TABLE ' || t || ' ADD b int';
        LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
      END $$`);
});

/** What holds a lock for too long, and where it is ended. */
const HOLDERS: ReadonlyArray<readonly [name: string, sql: string, where: string]> = [
  ['a statement', 'ALTER TABLE t ADD b int;\nSELECT pg_sleep(60)', 'cancelled in line 2 and rolled back'],
  [
    'many statements that are short enough',
    `ALTER TABLE t ADD b int;\n${'SELECT pg_sleep(0.25);\n'.repeat(4)}`,
    'cancelled in line',
  ],
  ['LOCK TABLE', 'LOCK TABLE t IN SHARE MODE;\nSELECT pg_sleep(60)', 'cancelled in line 2 and rolled back'],
  [
    'a DO block',
    `DO $$ BEGIN ALTER TABLE t ADD b int; PERFORM pg_sleep(60); END $$`,
    'cancelled in line 1 and rolled back',
  ],
  [
    'a DO block that hides it',
    `DO $$ BEGIN EXECUTE concat('ALTER TABLE ', 't ADD b int'); PERFORM pg_sleep(60); END $$`,
    'cancelled in line 1 and rolled back',
  ],
  ['a function', `SELECT add_slowly('t')`, 'cancelled in line 1 and rolled back'],
  [
    'a procedure that commits by itself',
    `-- tiptoe:transaction none\nCALL add_and_stay('t')`,
    'cancelled in line 2 and rolled back',
  ],
  ['a function that heeds no cancel', `SELECT deaf('t')`, 'cancelled in line 1 and rolled back'],
  [
    'a trigger at COMMIT',
    `ALTER TABLE t ADD b int; INSERT INTO late VALUES (1)`,
    'cancelled at COMMIT and rolled back',
  ],
  [
    'a trigger at a COMMIT of its author',
    `BEGIN; ALTER TABLE t ADD b int; INSERT INTO late VALUES (1); COMMIT`,
    'cancelled at COMMIT and rolled back',
  ],
  [
    'a file that sets timeouts of its own',
    `SET statement_timeout = '1h'; SET idle_in_transaction_session_timeout = 0; ALTER TABLE t ADD b int; SELECT pg_sleep(60)`,
    'cancelled in line 1 and rolled back',
  ],
];

test.each(HOLDERS)('the cap ends %s, and says what it cost', async (_, sql, where) => {
  const session = await db.session();
  await session.exec(`
    DROP TABLE IF EXISTS t, late; DROP SCHEMA IF EXISTS own CASCADE;
    CREATE TABLE t (a int); CREATE TABLE late (a int);
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION be_slow()`);
  const traffic = await db.session(db.trafficUrl);
  const running = run(db.ownerUrl, { '1_a.sql': sql }, { schema: 'own', limits: FAST });
  await vi.waitFor(async () => expect(await isLocked(session, 't')).toBe(true), { ...PATIENT, interval: 5 });
  await traffic.exec('INSERT INTO t VALUES (1)');
  const result = await running;
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, reason: 'cap' });
  expect(result.message).toContain(`(the cap is 600 ms), and 1 session waited behind it; it was ${where}`);
  expect(await columns(session, 't')).toEqual(['a']);
  expect(await ledger(session, 'own')).toEqual([['1_a', 'failed']]);
});

/** The last transaction of a DETACH CONCURRENTLY has the partition to itself, and here it takes its time. */
test.runIf(inject('serverVersion') >= 14)(
  'the cap ends the end of a DETACH CONCURRENTLY, and the next run does it',
  async () => {
    const session = await db.session();
    const admin = await db.session(db.adminUrl);
    await session.exec(`
    CREATE TABLE events (a int) PARTITION BY LIST (a); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1)`);
    await admin.exec(`
    CREATE FUNCTION stay() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'public.events_1'::regclass AND mode = 'AccessExclusiveLock') THEN
          PERFORM pg_sleep(60);
        END IF;
      END $$;
    CREATE EVENT TRIGGER stay ON ddl_command_end EXECUTE FUNCTION stay()`);
    const pending = () =>
      session.query(`SELECT FROM pg_inherits WHERE inhdetachpending AND inhparent = 'events'::regclass`);
    const attached = () => session.query(`SELECT FROM pg_inherits WHERE inhparent = 'events'::regclass`);
    const files = { '1_a.sql': 'ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY' };
    const attempt = async () => {
      const traffic = await db.session(db.trafficUrl);
      const running = run(db.ownerUrl, files, { schema: 'events_own', limits: FAST });
      await vi.waitFor(async () => expect(await isLocked(session, 'events_1')).toBe(true), { ...PATIENT, interval: 5 });
      await traffic.exec('SELECT FROM events_1');
      return running;
    };
    try {
      // The second attempt is the FINALIZE, which is under the cap, too.
      for (const result of [await attempt(), await attempt()]) {
        expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, reason: 'cap' });
        expect(result.message).toContain(
          '(the cap is 600 ms), and 1 session waited behind it; it was cancelled in line 1',
        );
        expect(result.message).toContain('the partition events_1 is half detached, and the next run finishes it');
        expect(await pending()).toHaveLength(1);
        expect(await ledger(session, 'events_own')).toEqual([['1_a', 'half-done']]);
      }
    } finally {
      await admin.exec('DROP EVENT TRIGGER stay; DROP FUNCTION stay');
    }
    expect(await run(db.ownerUrl, files, { schema: 'events_own', limits: FAST })).toMatchObject({ outcome: 'done' });
    expect(await attached()).toEqual([]);
  },
);

test('a file with a reason has a cap of its own, which the ledger keeps', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE reasoned (a int)');
  const files = {
    '1_a.sql': '-- tiptoe:cap 30s: 12 rows, and nobody reads them\nALTER TABLE reasoned ADD b int; SELECT pg_sleep(1)',
    '2_b.sql': 'ALTER TABLE reasoned ADD c int; SELECT pg_sleep(60)',
  };
  const result = await run(db.ownerUrl, files, { schema: 'reasoned_own', limits: FAST });
  expect(result.files.map(({ path, outcome }) => [path, outcome])).toEqual([
    ['1_a.sql', 'done'],
    ['2_b.sql', 'failed'],
  ]);
  expect(result.message).toContain('(the cap is 600 ms)');
  expect(result.events.filter(({ event }) => event === 'file')).toMatchObject([
    { path: '1_a.sql', capMs: 30_000, capReason: '12 rows, and nobody reads them' },
    { path: '2_b.sql', capMs: 600, capReason: null },
  ]);
  expect(await session.query('SELECT cap_ms, cap_reason FROM reasoned_own.migration ORDER BY name')).toEqual([
    { cap_ms: '30000', cap_reason: '12 rows, and nobody reads them' },
    { cap_ms: null, cap_reason: null },
  ]);
});

test('a file may ask for less', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE hurried (a int)');
  const files = {
    '1_a.sql': '-- tiptoe:cap 300ms: the busiest table\nALTER TABLE hurried ADD b int; SELECT pg_sleep(60)',
  };
  const result = await run(db.ownerUrl, files, { schema: 'hurried_own' });
  expect(result).toMatchObject({ reason: 'cap' });
  expect(result.message).toContain('(the cap is 300 ms)');
});

test('timeouts of the role neither shorten what blocks nobody nor lengthen the cap', async () => {
  const admin = await db.session(db.adminUrl);
  const version = inject('serverVersion');
  const settings = [
    `statement_timeout = '200ms'`,
    `lock_timeout = '1h'`,
    `idle_in_transaction_session_timeout = '1h'`,
    ...(version >= 14 ? [`idle_session_timeout = '200ms'`] : []),
    ...(version >= 17 ? [`transaction_timeout = '300ms'`] : []),
  ];
  for (const setting of settings) await admin.exec(`ALTER ROLE ${db.ownerRole} SET ${setting}`);
  try {
    const files = {
      '1_a.sql': 'CREATE TABLE by_role (a int)',
      '2_b.sql': 'SELECT pg_sleep(0.5); ALTER TABLE by_role ADD b int',
      '3_c.sql': 'ALTER TABLE by_role ADD c int; SELECT pg_sleep(60)',
    };
    const result = await run(db.ownerUrl, files, { schema: 'by_role_own', limits: FAST });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'cap', failure: { path: '3_c.sql' } });
    expect(await columns(admin, 'by_role')).toEqual(['a', 'b']);
  } finally {
    await admin.exec(`ALTER ROLE ${db.ownerRole} RESET ALL`);
  }
});

test('a materialized view can be read while it is refreshed, for as long as that takes', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE FUNCTION slow_number() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.8); RETURN 1; END';
    CREATE MATERIALIZED VIEW slow_view AS SELECT slow_number() AS n WITH NO DATA;
    CREATE UNIQUE INDEX ON slow_view (n);
    REFRESH MATERIALIZED VIEW slow_view`);
  const files = { '1_a.sql': 'REFRESH MATERIALIZED VIEW CONCURRENTLY slow_view' };
  expect(await run(db.ownerUrl, files, { schema: 'refresh_own', limits: FAST })).toMatchObject({ outcome: 'done' });
});

test('a person who cancels it is told from a function that says so', async () => {
  const session = await db.session();
  const sleeping = { '1_a.sql': 'SELECT pg_sleep(60)' };
  const running = run(db.ownerUrl, sleeping, { schema: 'person_own', limits: FAST });
  await vi.waitFor(
    async () =>
      expect(
        await session.query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'`,
          [db.name],
        ),
      ).toHaveLength(1),
    PATIENT,
  );
  expect(await running).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'cancelled' });

  const raised = `DO $$ BEGIN RAISE EXCEPTION 'canceling statement due to user request' USING ERRCODE = '57014'; END $$`;
  expect(await run(db.ownerUrl, { '1_a.sql': raised }, { schema: 'raised_own', limits: FAST })).toMatchObject({
    outcome: 'failed',
    reason: 'statement-failed',
    failure: { sqlstate: '57014' },
  });
});

test('a warning at COMMIT is not a standby that is silent', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE warned (a int);
    CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'mind the gap'; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON warned DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()`);
  const result = await run(db.ownerUrl, { '1_a.sql': 'INSERT INTO warned VALUES (1)' }, { schema: 'warned_own' });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(result.events.filter(({ event }) => event === 'warning')).toEqual([]);
});

test('a statement that holds a lock ends with its client, where the server can tell', async () => {
  const [main, other] = [await db.session(), await db.session()];
  await other.exec('CREATE TABLE orphaned (a int)');
  await checkClient(main, inject('serverVersion'), true);
  // 13 finds out when the statement ends.
  const seconds = inject('serverVersion') >= 14 ? 60 : 4;
  const alone = main.exec(`DO $$ BEGIN LOCK TABLE orphaned; PERFORM pg_sleep(${seconds}); END $$`);
  await vi.waitFor(async () => expect(await isLocked(other, 'orphaned')).toBe(true), PATIENT);
  main.destroy();
  await expect(alone).rejects.toThrow(/lost/i);
  await vi.waitFor(async () => expect(await isLocked(other, 'orphaned')).toBe(false), PATIENT);
});

async function isLocked(session: Session, table: string): Promise<boolean> {
  const rows = await session.query(
    `SELECT FROM pg_locks WHERE relation = to_regclass($1) AND granted AND mode IN ('ShareLock', 'AccessExclusiveLock')`,
    [table],
  );
  return rows.length > 0;
}
