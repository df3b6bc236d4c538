import { expect, inject, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/database.ts';
import { startTraffic } from '../support/traffic.ts';
import { columns, ledger, run } from './support.ts';

const db = testDatabase();
const FAST = { maxStallMs: 200, capMs: 1_000, giveUpAfterMs: 1_000 };

test('pending files run in order, each in one transaction, and once', async () => {
  const session = await db.session();
  const files = {
    '10_c.sql': 'ALTER TABLE first_book ADD c int',
    '9_b.sql': 'ALTER TABLE first_book ADD b int; ALTER TABLE first_book ADD bb int',
    '001_a.sql': '-- makes it\nCREATE TABLE first_book (a int);\n',
    '011_empty.sql': '-- nothing\n',
  };
  const result = await run(db.ownerUrl, files, { schema: 'first' });
  expect(result).toMatchObject({ outcome: 'done', exitCode: 0, reason: null });
  expect(result.files.map(({ path, outcome, statements }) => [path, outcome, statements.length])).toEqual([
    ['001_a.sql', 'done', 1],
    ['9_b.sql', 'done', 2],
    ['10_c.sql', 'done', 1],
    ['011_empty.sql', 'done', 0],
  ]);
  expect(await columns(session, 'first_book')).toEqual(['a', 'b', 'bb', 'c']);
  expect(await ledger(session, 'first')).toEqual([
    ['001_a', 'done'],
    ['9_b', 'done'],
    ['10_c', 'done'],
    ['011_empty', 'done'],
  ]);
  expect(await run(db.ownerUrl, files, { schema: 'first' })).toMatchObject({ outcome: 'done', files: [] });
});

test('the ledger tells who ran what from where, and how long it held its locks', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE told (a int)');
  await run(db.ownerUrl, { '1_a.sql': 'ALTER TABLE told ADD b int' }, { schema: 'told_own' });
  expect(
    await session.query(
      'SELECT run_by, run_from, tool_version, transaction, attempts, held_ms > 0 AS held FROM told_own.migration',
    ),
  ).toEqual([
    {
      run_by: db.ownerRole,
      run_from: 'tester@here pid 1',
      tool_version: '0.0.0',
      transaction: 'file',
      attempts: 1,
      held: true,
    },
  ]);
  expect(await session.query('SELECT index, line, kind, state FROM told_own.migration_statement')).toEqual([
    { index: 0, line: 1, kind: 'AlterTable', state: 'done' },
  ]);
});

test('a statement that fails rolls back its file, and is shown at its place', async () => {
  const session = await db.session();
  const files = {
    '1_a.sql': 'CREATE TABLE failing (a int);',
    '2_b.sql': `ALTER TABLE failing ADD b int;\n-- comment\n  ALTER TABLE failing\n    ADD CONSTRAINT x CHECK (náme > 0);`,
    '3_c.sql': 'SELECT 1;',
  };
  const result = await run(db.ownerUrl, files, { schema: 'failing_own' });
  expect(result).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    reason: 'statement-failed',
    failure: { path: '2_b.sql', line: 3, sqlstate: '42703', message: 'column "náme" does not exist' },
  });
  expect(result.files.map(({ path, outcome }) => [path, outcome])).toEqual([
    ['1_a.sql', 'done'],
    ['2_b.sql', 'failed'],
    ['3_c.sql', 'pending'],
  ]);
  expect(await columns(session, 'failing')).toEqual(['a']);
  expect(await ledger(session, 'failing_own')).toEqual([
    ['1_a', 'done'],
    ['2_b', 'failed'],
  ]);
  const corrected = { ...files, '2_b.sql': 'ALTER TABLE failing ADD b int;' };
  expect(await run(db.ownerUrl, corrected, { schema: 'failing_own' })).toMatchObject({ outcome: 'done' });
});

test('the caret is right after multi-byte text and filled-in variables', async () => {
  const result = await run(
    db.ownerUrl,
    { '1_a.sql': `SELECT '🙂', :long_name, nope;` },
    { schema: 'caret', variables: { long_name: '1' } },
  );
  expect(result.failure).toMatchObject({ line: 1, column: 26, sourceLine: `SELECT '🙂', :long_name, nope;` });
});

test('nothing is begun when a pending file cannot be read to its end', async () => {
  const files = { '1_a.sql': 'CREATE TABLE never (a int)', '2_b.sql': 'SELECT 1;\nCREATE TABEL x ()' };
  expect(await run(db.ownerUrl, files, { schema: 'syntax' })).toMatchObject({
    outcome: 'refused',
    exitCode: 1,
    reason: 'syntax-error',
    failure: { path: '2_b.sql', line: 2, column: 8 },
    files: [
      { path: '2_b.sql', outcome: 'refused' },
      { path: '1_a.sql', outcome: 'pending' },
    ],
  });
  expect(await columns(await db.session(), 'never')).toEqual([]);
});

test('an applied file may not change', async () => {
  await run(db.ownerUrl, { '1_a.sql': 'SELECT 1;\r\n' }, { schema: 'edited' });
  expect(await run(db.ownerUrl, { '1_a.sql': '\uFEFFSELECT 1;\n' }, { schema: 'edited' })).toMatchObject({
    outcome: 'done',
  });
  const result = await run(db.ownerUrl, { '1_a.sql': 'SELECT 2;', '2_b.sql': 'SELECT 1' }, { schema: 'edited' });
  expect(result).toMatchObject({ outcome: 'refused', exitCode: 1, reason: 'edited' });
  expect(result.message).toMatch(/^1_a\.sql was edited after it was applied on \d{4}-/);
});

test('--to stops after that migration, out of order and missing files are told', async () => {
  const all = { '1_a.sql': 'SELECT 1', '2_b.sql': 'SELECT 1', '3_c.sql': 'SELECT 1' };
  const schema = 'upto';
  expect((await run(db.ownerUrl, all, { schema, to: '02' })).files).toHaveLength(2);
  await expect(run(db.ownerUrl, all, { schema, to: '7' })).rejects.toMatchObject({
    exitCode: 2,
    message: 'There is no migration 7.',
  });
  const { '1_a.sql': _, ...rest } = all;
  const late = { ...rest, '0_z.sql': 'SELECT 1' };
  const refused = await run(db.ownerUrl, late, { schema });
  expect(refused).toMatchObject({ outcome: 'refused', exitCode: 1, reason: 'out-of-order' });
  expect(refused.message).toBe('0_z.sql comes before 2_b, which is applied already; nothing was applied.');
  const later = await run(db.ownerUrl, late, { schema, outOfOrder: 'warn' });
  expect(later.events).toEqual(
    expect.arrayContaining([
      { event: 'warning', path: '0_z.sql', message: '0_z comes before migrations that are applied already.' },
      { event: 'warning', path: '1_a.sql', message: '1_a is applied, and its file is gone.' },
    ]),
  );
});

test('the cap ends a file that keeps its lock for too long: rolled back, exit code 1', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE capped (a int)');
  const files = { '1_a.sql': 'ALTER TABLE capped ADD b int;\nSELECT pg_sleep(60);' };
  const result = await run(db.ownerUrl, files, { schema: 'capped_own', limits: FAST });
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, reason: 'cap', failure: { line: 2 } });
  expect(result.message).toMatch(
    /^1_a\.sql held locks that block others for 1(\.\d)? s \(the cap is 1 s\), and nobody waited behind it; it was cancelled in line 2 and rolled back, and nothing of it stands\.$/,
  );
  expect(await columns(session, 'capped')).toEqual(['a']);
  expect(await ledger(session, 'capped_own')).toEqual([['1_a', 'failed']]);
});

test('a file cannot loosen the cap, nor hide the lock in a function', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE loose (a int)');
  const files = {
    '1_a.sql': `SET statement_timeout = 0; SET lock_timeout = 0;
      ${inject('serverVersion') >= 17 ? 'SET transaction_timeout = 0;' : ''}
      DO $$ BEGIN EXECUTE 'ALTER TABLE loose ADD b int'; PERFORM pg_sleep(60); END $$;`,
  };
  const result = await run(db.ownerUrl, files, { schema: 'loose_own', limits: FAST });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'cap' });
  expect(await columns(session, 'loose')).toEqual(['a']);
});

test('long work without a blocking lock is not capped', async () => {
  const files = { '1_a.sql': 'CREATE TABLE uncapped (a int); SELECT pg_sleep(0.6); INSERT INTO uncapped VALUES (1)' };
  expect(await run(db.ownerUrl, files, { schema: 'uncapped_own', limits: { ...FAST, capMs: 200 } })).toMatchObject({
    outcome: 'done',
  });
});

test('a slow COMMIT is capped too', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE deferred (id int);
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION be_slow()`);
  const files = { '1_a.sql': 'ALTER TABLE deferred ADD b int; INSERT INTO deferred VALUES (1)' };
  const result = await run(db.ownerUrl, files, { schema: 'deferred_own', limits: FAST });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'cap' });
  expect(result.message).toContain('cancelled at COMMIT');
  expect(await columns(session, 'deferred')).toEqual(['id']);
});

test('behind a long reader traffic goes on, and the migration goes through once the reader is gone', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE busy (a int)');
  const reader = await db.session(db.trafficUrl, { applicationName: 'report' });
  await reader.exec('BEGIN; SELECT count(*) FROM busy');
  const traffic = await startTraffic(db.trafficUrl, 'INSERT INTO busy VALUES (1)');
  let looks = 0;
  let ended = false;
  const applied = run(
    db.ownerUrl,
    { '1_a.sql': 'ALTER TABLE busy ADD b int' },
    {
      schema: 'busy_own',
      onEvent({ event }) {
        if (event === 'waiting-for-lock') looks += 1;
      },
    },
  ).finally(() => {
    ended = true;
  });
  const rows = async () =>
    Number((await session.query<{ rows: string }>('SELECT count(*) AS rows FROM busy'))[0]?.rows);
  await eventually(() => expect(looks).toBeGreaterThan(2));
  const before = await rows();
  // Behind a migration that stands in line, none of them would come in.
  await eventually(async () => expect(await rows()).toBeGreaterThan(before + 100));
  expect(ended).toBe(false);
  await reader.exec('COMMIT');
  const result = await applied;
  await traffic.stop();
  expect(result).toMatchObject({ outcome: 'done' });
  expect(await columns(session, 'busy')).toEqual(['a', 'b']);
  const waits = result.events.filter(({ event }) => event === 'waiting-for-lock');
  expect(waits[0]).toMatchObject({
    path: '1_a.sql',
    line: 1,
    // The traffic may be caught in the act as well.
    blockers: expect.arrayContaining([
      expect.objectContaining({ pid: reader.pid, relation: 'public.busy' }),
    ]) as unknown,
  });
});

test('a lock that cannot be had is given up, with exit code 3 and who is in the way', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE held (a int)');
  const reader = await db.session(db.trafficUrl, { applicationName: 'report' });
  await reader.exec('BEGIN; SELECT count(*) FROM held');
  const files = { '1_a.sql': 'ALTER TABLE held ADD b int' };
  const result = await run(db.ownerUrl, files, { schema: 'held_own', limits: FAST });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    exitCode: 3,
    reason: 'lock-not-had',
    blockers: [{ pid: reader.pid, application: 'report', user: db.trafficRole, lock: 'AccessShareLock' }],
  });
  expect(result.message).toContain('could not have the lock on public.held within 1 s');
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'held_own' })).toMatchObject({ outcome: 'done' });
});

test('a lock that the effects do not foretell is not waited for any longer', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE unforetold (a int)');
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT count(*) FROM unforetold');
  const files = { '1_a.sql': `DO $$ BEGIN EXECUTE 'ALTER TABLE unforetold ADD b int'; END $$` };
  const result = await run(db.ownerUrl, files, { schema: 'unforetold_own', limits: FAST });
  expect(result).toMatchObject({ outcome: 'gave-up', reason: 'lock-not-had', blockers: [{ pid: reader.pid }] });
});

test('who holds a row that is waited for is named as well', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE rows (a int); INSERT INTO rows VALUES (1)');
  const writer = await db.session(db.ownerUrl, { applicationName: 'writer' });
  await writer.exec('BEGIN; UPDATE rows SET a = 2');
  const result = await run(db.ownerUrl, { '1_a.sql': 'UPDATE rows SET a = 3' }, { schema: 'rows_own', limits: FAST });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    reason: 'lock-not-had',
    blockers: [{ pid: writer.pid, application: 'writer' }],
  });
});

test('the application may lose its table-level rights and the runner still finds its way', async () => {
  const session = await db.session();
  await session.exec(`CREATE TABLE no_rights (a int); REVOKE ALL ON no_rights FROM ${db.ownerRole}`);
  expect(
    await run(db.ownerUrl, { '1_a.sql': 'ALTER TABLE no_rights ADD b int' }, { schema: 'no_rights_own' }),
  ).toMatchObject({ outcome: 'done' });
});

test('the second runner waits, and gives up with exit code 3', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE twice (a int)');
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT FROM twice');
  const files = { '1_a.sql': 'ALTER TABLE twice ADD b int' };
  const first = run(db.ownerUrl, files, { schema: 'twice_own' });
  await eventually(async () => expect(await session.query(`SELECT FROM twice_own.migration`)).toHaveLength(1));
  const second = await run(db.ownerUrl, files, { schema: 'twice_own', waitForRunnerMs: 300 });
  expect(second).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'another-runner' });
  expect(second.message).toContain('tester@here pid 1, tiptoe 0.0.0');
  expect(second.events).toMatchObject([{ event: 'waiting-for-runner' }]);
  await reader.exec('COMMIT');
  expect(await first).toMatchObject({ outcome: 'done' });
  expect(await run(db.ownerUrl, files, { schema: 'twice_own' })).toMatchObject({ outcome: 'done', files: [] });
});

test('Ctrl-C rolls back and ends with exit code 3', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE stopped (a int)');
  const controller = new AbortController();
  const files = { '1_a.sql': 'ALTER TABLE stopped ADD b int; SELECT pg_sleep(60)' };
  const running = run(db.ownerUrl, files, { schema: 'stopped_own', signal: controller.signal });
  await vi.waitFor(async () => expect(await sleeping(db.name)).toBe(true), { timeout: 20_000 });
  controller.abort();
  expect(await running).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'interrupted' });
  expect(await columns(session, 'stopped')).toEqual(['a']);
  expect(await session.query(`SELECT FROM stopped_own.lease WHERE owner IS NOT NULL`)).toEqual([]);
});

test('a session that is terminated from outside ends with exit code 3, and nothing stands', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cut (a int)');
  const files = { '1_a.sql': 'ALTER TABLE cut ADD b int; SELECT pg_sleep(60)' };
  const running = run(db.ownerUrl, files, { schema: 'cut_own', limits: { ...FAST, capMs: 30_000 } });
  await vi.waitFor(async () => expect(await sleeping(db.name)).toBe(true), { timeout: 20_000 });
  await session.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND datname = $1 AND pid <> pg_backend_pid()`,
    [db.name],
  );
  expect(await running).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'connection-lost' });
  expect(await columns(session, 'cut')).toEqual(['a']);
});

test('every file starts from a clean session', async () => {
  const files = {
    '1_a.sql': `SET search_path = ''; CREATE TABLE public.clean (a int); SET ROLE ${db.ownerRole}`,
    '2_b.sql': 'ALTER TABLE clean ADD b int',
  };
  expect(await run(db.ownerUrl, files, { schema: 'clean_own' })).toMatchObject({ outcome: 'done' });
});

test('a role that a file takes on does not keep the ledger from being written', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec(
    `CREATE ROLE ${db.ownerRole}_app; GRANT ${db.ownerRole}_app TO ${db.ownerRole}; GRANT CREATE ON SCHEMA public TO ${db.ownerRole}_app`,
  );
  try {
    const files = { '1_a.sql': `SET ROLE ${db.ownerRole}_app; CREATE TABLE role_made (a int)`, '2_b.sql': 'SELECT 1' };
    expect(await run(db.ownerUrl, files, { schema: 'role_own' })).toMatchObject({ outcome: 'done' });
    expect(await admin.query(`SELECT tableowner FROM pg_tables WHERE tablename = 'role_made'`)).toEqual([
      { tableowner: `${db.ownerRole}_app` },
    ]);
  } finally {
    await admin.exec(`DROP OWNED BY ${db.ownerRole}_app; DROP ROLE ${db.ownerRole}_app`);
  }
});

test('a login that becomes another role by itself works as that one', async () => {
  const admin = await db.session(db.adminUrl);
  const login = `${db.ownerRole}_login`;
  await admin.exec(
    `CREATE ROLE ${login} LOGIN PASSWORD 'x' IN ROLE ${db.ownerRole}; ALTER ROLE ${login} SET role = ${db.ownerRole}`,
  );
  try {
    const url = new URL(db.ownerUrl);
    url.username = login;
    url.password = 'x';
    const files = { '1_a.sql': 'CREATE TABLE by_login (a int)', '2_b.sql': 'ALTER TABLE by_login ADD b int' };
    expect(await run(url.href, files, { schema: 'login_own' })).toMatchObject({ outcome: 'done' });
    expect(await admin.query(`SELECT tableowner FROM pg_tables WHERE tablename = 'by_login'`)).toEqual([
      { tableowner: db.ownerRole },
    ]);
    expect(await admin.query('SELECT DISTINCT run_by FROM login_own.migration')).toEqual([{ run_by: login }]);
    const slow = {
      ...files,
      '3_c.sql': `DO $$ BEGIN EXECUTE 'ALTER TABLE by_login ADD c int'; PERFORM pg_sleep(60); END $$`,
    };
    expect(await run(url.href, slow, { schema: 'login_own', limits: FAST })).toMatchObject({
      outcome: 'failed',
      reason: 'cap',
    });
  } finally {
    await admin.exec(`DROP ROLE ${login}`);
  }
});

test('a failure at COMMIT is told as one', async () => {
  const session = await db.session();
  await session.exec(`CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`);
  const result = await run(db.ownerUrl, { '1_a.sql': 'INSERT INTO child VALUES (1)' }, { schema: 'commit_own' });
  expect(result).toMatchObject({ outcome: 'failed', reason: 'statement-failed' });
  expect(result.message).toContain('failed at COMMIT');
});

async function sleeping(database: string): Promise<boolean> {
  const session = await db.session();
  const rows = await session.query(`SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'`, [
    database,
  ]);
  await session.close();
  return rows.length > 0;
}

test.each([
  [
    'set inside of a DO block',
    `DO $$ BEGIN PERFORM set_config('lock_timeout', '0', true); ALTER TABLE patient_0 ADD b int; END $$`,
  ],
  [
    'a setting of the function',
    `CREATE FUNCTION patient_add() RETURNS void LANGUAGE plpgsql SET lock_timeout = 0 AS 'BEGIN ALTER TABLE patient_1 ADD b int; END';
     SELECT patient_add()`,
  ],
])('a lock_timeout of its own does not let a statement stand in line: %s', async (name, sql) => {
  const session = await db.session();
  const table = name.startsWith('set') ? 'patient_0' : 'patient_1';
  await session.exec(`CREATE TABLE ${table} (a int)`);
  const reader = await db.session(db.trafficUrl);
  await reader.exec(`BEGIN; SELECT FROM ${table}`);
  const limits = { maxStallMs: 100, capMs: 2_000, giveUpAfterMs: 700 };
  const result = await run(db.ownerUrl, { '1_a.sql': sql }, { schema: `${table}_own`, limits });
  expect(result).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'lock-not-had' });
  expect(result.blockers).toMatchObject([{ pid: reader.pid }]);
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema: `${table}_own`, limits })).toMatchObject({
    outcome: 'done',
  });
});

test('a file that disarms the timeouts does not disarm them for its next statement', async () => {
  const session = await db.session();
  const text = `SET idle_in_transaction_session_timeout = 0; SET client_encoding = 'LATIN1'; CREATE TABLE "büro" (a int);
    CREATE TABLE idle AS SELECT current_setting('idle_in_transaction_session_timeout') AS t`;
  const result = await run(db.ownerUrl, { '1_ü.sql': text }, { schema: 'idle_own' });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(await session.query('SELECT t FROM idle')).toEqual([{ t: '5s' }]);
  expect(await ledger(session, 'idle_own')).toEqual([['1_ü', 'done']]);
});

test('SET TRANSACTION may come first', async () => {
  const text = 'BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE first_set (a int); COMMIT;';
  expect(await run(db.ownerUrl, { '1_a.sql': text }, { schema: 'first_set_own' })).toMatchObject({ outcome: 'done' });
});

test.each(['REPEATABLE READ', 'SERIALIZABLE'])(
  'a file in %s outlasts the heartbeats of its lease',
  async (isolation) => {
    const session = await db.session();
    const name = isolation.slice(0, 4).toLowerCase();
    const schema = `${name}_own`;
    await session.exec(`CREATE TABLE ${name}_one (a int); SELECT pg_advisory_lock(hashtext('${schema}'))`);
    // What the transaction does not see any more, a function that polls still does.
    const text = `BEGIN; SET TRANSACTION ISOLATION LEVEL ${isolation};
    SELECT count(*) FROM ${name}_one;
    DO $$ BEGIN WHILE NOT pg_try_advisory_xact_lock(hashtext('${schema}')) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
    COMMIT;`;
    const applied = run(db.ownerUrl, { '1_a.sql': text }, { schema });
    await vi.waitFor(async () => expect(await sleeping(db.name)).toBe(true), { timeout: 30_000 });
    await session.exec(`UPDATE ${schema}.lease SET heartbeat_at = clock_timestamp()`);
    await session.exec('SELECT pg_advisory_unlock_all()');
    const result = await applied;
    expect(result).toMatchObject({ outcome: 'done' });
    expect(result.files[0]?.statements.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  },
);

test('no password of a file is told, wherever it stands', async () => {
  const schema = 'untold_own';
  const failing = await run(db.ownerUrl, { '1_a.sql': `ALTER ROLE told_nobody PASSWORD\n's3cret';` }, { schema });
  expect(failing, failing.message ?? '').toMatchObject({ outcome: 'failed', failure: { line: 1 } });
  const after = await run(
    db.ownerUrl,
    { '1_a.sql': `SELECT 1, /* ALTER ROLE a PASSWORD\n's3cret' */ nope;` },
    { schema },
  );
  expect(after).toMatchObject({ failure: { line: 2, column: 13, sourceLine: `******** */ nope;` } });
  const syntax = await run(db.ownerUrl, { '1_a.sql': `ALTER ROLE a PASSWORD = 's3cret'` }, { schema });
  const near = await run(db.ownerUrl, { '1_a.sql': `CREATE TABLE a (PASSWORD 's3cret')` }, { schema });
  expect(near).toMatchObject({ reason: 'syntax-error' });
  expect(JSON.stringify([failing, after, syntax, near])).not.toContain('s3cret');
});

test('a half-done migration whose file is gone stops the run', async () => {
  const schema = 'gone_own';
  const first = { '1_a.sql': 'CREATE TABLE gone (a int)' };
  const half = 'BEGIN; ALTER TABLE gone ADD b int; COMMIT; SELECT nope';
  await run(db.ownerUrl, { ...first, '2_b.sql': half }, { schema });
  const refused = await run(db.ownerUrl, { ...first, '2_renamed.sql': half }, { schema });
  expect(refused).toMatchObject({ outcome: 'refused', exitCode: 1, reason: 'file-gone' });
  expect(refused.message).toContain('2_b is half-done and its file 2_b.sql is gone');
});

test('a statement that someone cancels is no fault of the file', async () => {
  const session = await db.session();
  const running = run(db.ownerUrl, { '1_a.sql': 'SELECT pg_sleep(60)' }, { schema: 'dba_own' });
  await vi.waitFor(
    async () =>
      expect(
        await session.query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'tiptoe: apply 1_a' AND query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'`,
        ),
      ).toHaveLength(1),
    { timeout: 10_000 },
  );
  expect(await running).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'cancelled' });
});

test('a ledger that cannot be written is not the fault of the file', async () => {
  const session = await db.session();
  const schema = 'books_own';
  await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema });
  await session.exec(`ALTER TABLE ${schema}.migration_statement ADD CONSTRAINT full_up CHECK (migration = '1_a')`);
  const result = await run(db.ownerUrl, { '1_a.sql': 'SELECT 1', '2_b.sql': 'SELECT 2' }, { schema });
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 2, reason: 'problem' });
  expect(result.message).toContain(`tiptoe's ledger could not be written`);
});
