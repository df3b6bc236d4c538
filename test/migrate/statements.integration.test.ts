import { expect, inject, test, vi } from 'vitest';
import type { BackfillGate } from '../../src/migrate/backfill-gate.ts';
import type { Session } from '../../src/db/session.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/database.ts';
import { columns, ledger, migrations, run } from './support.ts';

const db = testDatabase();
const FAST = { maxStallMs: 200, capMs: 1_000, giveUpAfterMs: 2_000 };

async function validity(session: Session, table: string): Promise<Record<string, boolean>> {
  const rows = await session.query<{ name: string; valid: boolean }>(
    `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = to_regclass($1) ORDER BY 1`,
    [table],
  );
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]));
}

const states = (session: Session, schema: string) =>
  session
    .query<{ index: number; state: string }>(`SELECT index, state FROM ${schema}.migration_statement ORDER BY index`)
    .then((rows) => rows.map(({ state }) => state));

test('what cannot run in a transaction runs outside of one, and the rest beside it', async () => {
  const session = await db.session();
  const files = {
    '1_a.sql': `CREATE TABLE online (a int);
      CREATE INDEX CONCURRENTLY online_a ON online (a);
      REINDEX INDEX CONCURRENTLY online_a;
      VACUUM online;
      DROP INDEX CONCURRENTLY online_a;
      ALTER TABLE online ADD b int;`,
  };
  const result = await run(db.ownerUrl, files, { schema: 'online_own' });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(result.events.find(({ event }) => event === 'file')).toMatchObject({
    path: '1_a.sql',
    transaction: 'statement',
    statements: 6,
  });
  expect(await columns(session, 'online')).toEqual(['a', 'b']);
  expect(await validity(session, 'online')).toEqual({});
  expect(await states(session, 'online_own')).toEqual(Array.from({ length: 6 }, () => 'done'));
});

test('a half-done file goes on after what stands, and only the rest of it may be corrected', async () => {
  const session = await db.session();
  const schema = 'half_own';
  const good = 'CREATE TABLE half (a int, UNIQUE (a));\nCREATE INDEX CONCURRENTLY half_a ON half (a);\n';
  const failing = await run(db.ownerUrl, { '1_a.sql': `${good}ALTER TABLE half ADD nope nope;` }, { schema });
  expect(failing).toMatchObject({ outcome: 'failed', failure: { line: 3, statement: 2 } });
  expect(failing.message).toContain('the statements before it stand');
  expect(await ledger(session, schema)).toEqual([['1_a', 'half-done']]);

  const edited = await run(db.ownerUrl, { '1_a.sql': `${good.replace('int', 'bigint')}SELECT 1;` }, { schema });
  expect(edited).toMatchObject({ outcome: 'refused', exitCode: 1, reason: 'edited' });
  expect(edited.message).toContain('statement 1, which stands already, was edited');

  const corrected = await run(db.ownerUrl, { '1_a.sql': `${good}ALTER TABLE half ADD b int;` }, { schema });
  expect(corrected).toMatchObject({ outcome: 'done', files: [{ statements: [{ index: 2 }] }] });
  expect(await columns(session, 'half')).toEqual(['a', 'b']);
  expect(await ledger(session, schema)).toEqual([['1_a', 'done']]);
});

test('a resumed file finds the session as the statements before had set it', async () => {
  const schema = 'resumed_own';
  const before = `CREATE SCHEMA resumed; SET search_path = resumed; CREATE TABLE book (a int); CREATE INDEX CONCURRENTLY ON book (a);`;
  await run(db.ownerUrl, { '1_a.sql': `${before} SELECT nope` }, { schema });
  expect(await run(db.ownerUrl, { '1_a.sql': `${before} ALTER TABLE book ADD b int` }, { schema })).toMatchObject({
    outcome: 'done',
  });
});

test.each([
  ['named', 'CREATE UNIQUE INDEX CONCURRENTLY dup_a ON dup (a)'],
  ['unnamed', 'CREATE UNIQUE INDEX CONCURRENTLY ON dup (a)'],
  ['IF NOT EXISTS', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS dup_a ON dup (a)'],
])('an invalid index of our own failed build is dropped at once: %s', async (name, sql) => {
  const session = await db.session();
  const schema = `dup_${name.toLowerCase().replaceAll(' ', '_')}_own`;
  await session.exec('DROP TABLE IF EXISTS dup; CREATE TABLE dup (a int); INSERT INTO dup VALUES (1), (1)');
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema })).toMatchObject({
    outcome: 'failed',
    failure: { sqlstate: '23505' },
  });
  expect(await validity(session, 'dup')).toEqual({});
  expect((await ledger(session, schema)).map(([, state]) => state)).toEqual(['failed']);
  await session.exec('TRUNCATE dup');
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema })).toMatchObject({ outcome: 'done' });
  expect(Object.values(await validity(session, 'dup'))).toEqual([true]);
});

test('an invalid index of our own that could not be dropped at once is named, and dropped by the next run', async () => {
  const session = await db.session();
  const schema = 'kept_own';
  await session.exec('CREATE TABLE kept (a int); INSERT INTO kept VALUES (1), (1)');
  const reader = await db.session(db.trafficUrl);
  // It reads only once the build is past its last wait for others.
  await session.exec(
    `CREATE FUNCTION kept_slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN $1; END'`,
  );
  const sql = 'CREATE UNIQUE INDEX CONCURRENTLY kept_a ON kept (kept_slow(a))';
  const running = run(db.ownerUrl, { '1_a.sql': sql }, { schema });
  await eventually(async () =>
    expect(
      await session.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%kept_slow%'`),
    ).not.toEqual([]),
  );
  await reader.exec('BEGIN; SELECT FROM kept');
  const failed = await running;
  expect(failed).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(failed.message).toContain('the invalid index public.kept_a is left, and the next run drops it');
  expect(await validity(session, 'kept')).toEqual({ kept_a: false });
  expect(await ledger(session, schema)).toEqual([['1_a', 'half-done']]);
  await reader.exec('COMMIT');
  await session.exec('TRUNCATE kept');
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema })).toMatchObject({ outcome: 'done' });
  expect(await validity(session, 'kept')).toEqual({ kept_a: true });
});

test('a file that gives up in a later transaction says what stands', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE busy (a int); CREATE TABLE quiet (a int)');
  const other = await db.session(db.trafficUrl);
  await other.exec('BEGIN; SELECT FROM busy');
  const text = 'BEGIN; ALTER TABLE quiet ADD b int; COMMIT; BEGIN; ALTER TABLE busy ADD b int; COMMIT;';
  const result = await run(
    db.ownerUrl,
    { '1_a.sql': text },
    { schema: 'later_own', limits: { ...FAST, giveUpAfterMs: 300 } },
  );
  expect(result).toMatchObject({ outcome: 'gave-up', reason: 'lock-not-had' });
  expect(result.message).toContain('the statements before it stand');
  await other.exec('COMMIT');
});

test('an invalid index of someone else is left alone, and IF NOT EXISTS is not content with it', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE theirs (a int); INSERT INTO theirs VALUES (1), (1)');
  await expect(session.exec('CREATE UNIQUE INDEX CONCURRENTLY theirs_a ON theirs (a)')).rejects.toThrow(
    'could not create unique index',
  );
  const files = { '1_a.sql': 'CREATE INDEX CONCURRENTLY IF NOT EXISTS theirs_a ON theirs (a)' };
  for (const attempt of [1, 2]) {
    const result = await run(db.ownerUrl, files, { schema: 'theirs_own' });
    expect(result, `attempt ${attempt}`).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(result.failure?.message).toContain('public.theirs_a exists, but is invalid');
  }
  expect(await validity(session, 'theirs')).toEqual({ theirs_a: false });
});

test('no timeout is in force while an index is built online, and what it waits for is told', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE snapshot (a int)');
  const reader = await db.session(db.trafficUrl, { applicationName: 'report' });
  await reader.exec('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM snapshot');
  const files = { '1_a.sql': 'CREATE INDEX CONCURRENTLY snapshot_a ON snapshot (a)' };
  const phases = new Set<string>();
  const running = run(db.ownerUrl, files, {
    schema: 'snapshot_own',
    limits: { maxStallMs: 50, capMs: 500, giveUpAfterMs: 500 },
    onEvent(event) {
      if (event.event === 'progress' && event.waitsFor?.pid === reader.pid) phases.add(event.phase);
    },
  });
  await vi.waitFor(() => expect([...phases]).toEqual([expect.stringContaining('waiting for')]), { timeout: 10_000 });
  await reader.exec('COMMIT');
  expect(await running).toMatchObject({ outcome: 'done' });
  expect(await validity(session, 'snapshot')).toEqual({ snapshot_a: true });
});

test('online work gives up waiting for its table lock, and leaves nothing behind', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE unavailable (a int)');
  const other = await db.session();
  await other.exec('BEGIN; LOCK TABLE unavailable IN SHARE UPDATE EXCLUSIVE MODE');
  const files = { '1_a.sql': 'CREATE INDEX CONCURRENTLY unavailable_a ON unavailable (a)' };
  const result = await run(db.ownerUrl, files, { schema: 'unavailable_own', limits: { ...FAST, giveUpAfterMs: 600 } });
  expect(result).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'lock-not-had' });
  await other.exec('COMMIT');
  expect(await validity(session, 'unavailable')).toEqual({});
  expect(await run(db.ownerUrl, files, { schema: 'unavailable_own' })).toMatchObject({ outcome: 'done' });
});

test('BEGIN and COMMIT around a file change nothing: it is one transaction', async () => {
  const session = await db.session();
  const files = { '1_a.sql': 'BEGIN; CREATE TABLE wrapped (a int); COMMIT;' };
  const result = await run(db.ownerUrl, files, { schema: 'wrapped_own' });
  expect(result.events.find(({ event }) => event === 'file')).toMatchObject({
    path: '1_a.sql',
    transaction: 'file',
    statements: 3,
  });
  expect(result.files).toMatchObject([{ statements: [{ index: 1 }] }]);
  expect(await columns(session, 'wrapped')).toEqual(['a']);
});

test('the transactions of an author stay as they are, inside the envelope', async () => {
  const session = await db.session();
  const text = `BEGIN; CREATE TABLE own_a (a int); CREATE TABLE own_b (a int); COMMIT;
    BEGIN ISOLATION LEVEL SERIALIZABLE; ALTER TABLE own_a ADD b int; ALTER TABLE own_b ADD c nope; COMMIT;`;
  const failing = await run(db.ownerUrl, { '1_a.sql': text }, { schema: 'own_own' });
  expect(failing).toMatchObject({ outcome: 'failed', failure: { statement: 6 } });
  expect(await columns(session, 'own_a')).toEqual(['a']);
  expect(await ledger(session, 'own_own')).toEqual([['1_a', 'half-done']]);
  expect(await run(db.ownerUrl, { '1_a.sql': text.replace('nope', 'int') }, { schema: 'own_own' })).toMatchObject({
    outcome: 'done',
  });
  expect(await columns(session, 'own_a')).toEqual(['a', 'b']);
});

test.each([
  ['BEGIN; SELECT 1', 'BEGIN without COMMIT.'],
  ['SELECT 1; ROLLBACK', 'ROLLBACK in a migration.'],
  ['BEGIN; BEGIN; COMMIT', 'BEGIN inside a transaction.'],
])('%s is refused before anything runs', async (text, message) => {
  expect(await run(db.ownerUrl, { '1_a.sql': text }, { schema: 'refused_own' })).toMatchObject({
    outcome: 'refused',
    exitCode: 1,
    reason: 'transaction-control',
    failure: { message },
  });
});

test('-- tiptoe:transaction none lets a procedure commit by itself', async () => {
  const session = await db.session();
  await session.exec(
    `CREATE PROCEDURE page() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO paged VALUES (1); COMMIT; INSERT INTO paged VALUES (2); END $$`,
  );
  const call = `CREATE TABLE paged (a int); CALL page();`;
  const failing = await run(db.ownerUrl, { '1_a.sql': call }, { schema: 'none_own' });
  expect(failing).toMatchObject({
    outcome: 'failed',
    failure: { sqlstate: '2D000', hint: expect.stringContaining('tiptoe:transaction none') as unknown },
  });
  const result = await run(db.ownerUrl, { '1_a.sql': `-- tiptoe:transaction none\n${call}` }, { schema: 'none_own' });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(result.events.find(({ event }) => event === 'file')).toMatchObject({
    path: '1_a.sql',
    transaction: 'none',
    statements: 2,
  });
  expect(await session.query('SELECT a FROM paged ORDER BY 1')).toEqual([{ a: 1 }, { a: 2 }]);
});

test('a statement of unknown outcome is a question for a person', async () => {
  const session = await db.session();
  const schema = 'unknown_own';
  await session.exec(`CREATE TABLE asked (a int);
    CREATE PROCEDURE ask() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO asked VALUES (1); COMMIT; END $$`);
  const files = { '1_a.sql': '-- tiptoe:transaction none\nSELECT 1;\nCALL ask();\nSELECT nope' };
  await run(db.ownerUrl, files, { schema });
  // As a runner that died leaves it.
  await session.exec(`UPDATE ${schema}.migration_statement SET state = 'running', backend_pid = 1 WHERE index = 1;
    DELETE FROM ${schema}.migration_statement WHERE index > 1`);
  const result = await run(db.ownerUrl, files, { schema });
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, reason: 'unknown-outcome', failure: { line: 3 } });
  expect(result.advice).toContain('--statement 2 --as applied (or pending)');
  const edited = { '1_a.sql': files['1_a.sql'].replace('CALL ask()', 'SELECT 2') };
  expect(await run(db.ownerUrl, edited, { schema })).toMatchObject({ reason: 'unknown-outcome' });
  await session.exec(`UPDATE ${schema}.migration_statement SET state = 'done' WHERE index = 1`);
  const corrected = { '1_a.sql': files['1_a.sql'].replace('nope', '1') };
  expect(await run(db.ownerUrl, corrected, { schema })).toMatchObject({ outcome: 'done' });
  expect(await session.query('SELECT a FROM asked')).toEqual([{ a: 1 }]);
});

test('the session of an earlier run is waited for while it is at it, and not one of another server that has its pid', async () => {
  const session = await db.session();
  const schema = 'earlier_own';
  const files = {
    '1_a.sql': 'CREATE TABLE earlier (a int);\nCREATE INDEX CONCURRENTLY earlier_a ON earlier (a);\nSELECT nope',
  };
  await run(db.ownerUrl, files, { schema });
  const busy = await db.session();
  await session.exec(`SELECT pg_advisory_lock(hashtext('${schema}'))`);
  const work = busy.query(`SELECT pg_advisory_lock(hashtext('${schema}'))`);
  const begun = (serverStart: string) =>
    session.query(
      `UPDATE ${schema}.migration_statement
          SET state = 'running', backend_pid = $1, backend_start = $2, server_start = ${serverStart} WHERE index = 1`,
      [busy.pid, busy.backendStart],
    );
  const corrected = { '1_a.sql': files['1_a.sql'].replace('nope', '1') };
  const isWaiting = ({ event }: { readonly event: string }) => event === 'progress';

  await begun('pg_postmaster_start_time()');
  const interrupt = new AbortController();
  const waiting = await run(db.ownerUrl, corrected, {
    schema,
    signal: interrupt.signal,
    onEvent(event) {
      if (isWaiting(event)) interrupt.abort();
    },
  });
  expect(waiting).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });

  await begun(`pg_postmaster_start_time() - interval '1 day'`);
  const after = await run(db.ownerUrl, corrected, { schema });
  expect(after).toMatchObject({ outcome: 'done' });
  expect(after.events.filter(isWaiting)).toEqual([]);
  await session.exec('SELECT pg_advisory_unlock_all()');
  await work;
});

test('VALIDATE runs in a transaction of its own', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE checked (a int)');
  const files = {
    '1_a.sql':
      'ALTER TABLE checked ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE checked VALIDATE CONSTRAINT c;',
  };
  const result = await run(db.ownerUrl, files, { schema: 'checked_own' });
  expect(result.events.find(({ event }) => event === 'file')).toMatchObject({
    path: '1_a.sql',
    transaction: 'statement',
    statements: 2,
  });
  expect(result).toMatchObject({ outcome: 'done' });
});

test.runIf(inject('serverVersion') >= 14)('an interrupted DETACH CONCURRENTLY is finished', async () => {
  const session = await db.session();
  await session.exec(
    `CREATE TABLE parts (a int) PARTITION BY LIST (a); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)`,
  );
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT FROM parts');
  const controller = new AbortController();
  const files = { '1_a.sql': 'ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY' };
  const running = run(db.ownerUrl, files, { schema: 'parts_own', signal: controller.signal });
  await eventually(async () =>
    expect(await session.query(`SELECT FROM pg_inherits WHERE inhdetachpending`)).toHaveLength(1),
  );
  controller.abort();
  expect(await running).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'parts_own' })).toMatchObject({ outcome: 'done' });
  expect(await session.query(`SELECT FROM pg_inherits WHERE inhparent = 'parts'::regclass`)).toEqual([]);
});

test.runIf(inject('serverVersion') >= 14)('the end of a DETACH CONCURRENTLY does not make readers queue', async () => {
  const session = await db.session();
  await session.exec(
    `CREATE TABLE queue (a int) PARTITION BY LIST (a); CREATE TABLE queue_1 PARTITION OF queue FOR VALUES IN (1)`,
  );
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; SELECT FROM queue_1');
  const files = { '1_a.sql': 'ALTER TABLE queue DETACH PARTITION queue_1 CONCURRENTLY' };
  const limits = { ...FAST, giveUpAfterMs: 700 };
  const stopped = await run(db.ownerUrl, files, { schema: 'queue_own', limits });
  expect(stopped).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'lock-not-had' });
  expect(stopped.message).toContain('the partition queue_1 is half detached, and the next run finishes it');
  expect(await ledger(session, 'queue_own')).toEqual([['1_a', 'half-done']]);
  const again = await run(db.ownerUrl, files, { schema: 'queue_own', limits });
  expect(again).toMatchObject({ outcome: 'gave-up', reason: 'lock-not-had' });
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'queue_own' })).toMatchObject({ outcome: 'done' });
  expect(await session.query(`SELECT FROM pg_inherits WHERE inhparent = 'queue'::regclass`)).toEqual([]);
});

test('a migration that requires a backfill from elsewhere waits until it has succeeded', async () => {
  const files = {
    '1_a.sql': 'CREATE TABLE required (a int)',
    '2_b.sql': '-- tiptoe:requires 2026_fill\nALTER TABLE required ADD b int',
    '3_c.sql': 'SELECT 1',
  };
  const schema = 'required_own';
  const unknown = await run(db.ownerUrl, files, { schema });
  expect(unknown).toMatchObject({ outcome: 'refused', exitCode: 1, reason: 'requirement' });
  expect(unknown.failure?.message).toBe('There is no migration or backfill 2026_fill.');
  expect(unknown.files.map(({ outcome }) => outcome)).toEqual(['refused', 'pending', 'pending']);

  const gate = (state: 'paused' | 'succeeded'): BackfillGate => ({
    names: () => Promise.resolve(['2026_fill']),
    state: () => Promise.resolve(state),
    register: () => Promise.resolve({ hasWork: false }),
  });
  const stopped = await run(db.ownerUrl, files, { schema, backfills: gate('paused') });
  expect(stopped).toMatchObject({
    outcome: 'gave-up',
    exitCode: 3,
    reason: 'backfill-first',
    message: '2_b.sql requires the backfill 2026_fill, which is paused.',
  });
  expect(stopped.files.map(({ outcome }) => outcome)).toEqual(['done', 'pending', 'pending']);
  const done = await run(db.ownerUrl, files, { schema, backfills: gate('succeeded') });
  expect(done.files.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
});

test('migrations after a backfill wait until it has succeeded', async () => {
  const files = {
    '1_a.sql': 'CREATE TABLE filled (a int)',
    '2_fill.backfill.sql': 'UPDATE filled SET a = 1',
    '3_c.sql': 'ALTER TABLE filled ADD b int',
  };
  const schema = 'filled_own';
  const stopped = await run(db.ownerUrl, files, { schema });
  expect(stopped).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'backfill-first' });
  expect(stopped.advice).toContain('tiptoe backfill run 2_fill.backfill.sql');
  expect(stopped.files.map(({ outcome }) => outcome)).toEqual(['done', 'gave-up', 'pending']);

  const registered: string[] = [];
  const gate = (hasWork: boolean): BackfillGate => ({
    names: () => Promise.resolve([]),
    state: () => Promise.resolve(null),
    register(file) {
      registered.push(file.name);
      return Promise.resolve({ hasWork });
    },
  });
  expect(await run(db.ownerUrl, files, { schema, backfills: gate(true) })).toMatchObject({ reason: 'backfill-first' });
  const ran = { ...gate(true), run: () => Promise.resolve('failed' as const) };
  expect((await run(db.ownerUrl, files, { schema, backfills: ran })).message).toContain('2_fill failed');
  expect(await run(db.ownerUrl, files, { schema, backfills: gate(false) })).toMatchObject({ outcome: 'done' });
  expect(registered).toEqual(['2_fill', '2_fill', '2_fill']);
  expect(migrations(files).map(({ kind }) => kind)).toEqual(['migration', 'backfill', 'migration']);
});

test.each([
  ['with a transaction for each', ''],
  ['without a transaction', '-- tiptoe:transaction none\n'],
])('a database moves, and partitions are clustered one by one, %s', async (_, directive) => {
  const admin = await db.session(db.adminUrl);
  const table = directive === '' ? 'moved' : 'moved_none';
  const database = `${db.name}_${table}`;
  await admin.exec(`CREATE DATABASE ${database}`);
  await admin.exec(`CREATE TABLE ${table} (a int) PARTITION BY LIST (a);
    CREATE TABLE ${table}_1 PARTITION OF ${table} DEFAULT; CREATE INDEX ${table}_a ON ${table} (a)`);
  const cluster = inject('serverVersion') >= 15 ? `CLUSTER ${table} USING ${table}_a;` : '';
  const files = { '1_a.sql': `${directive}ALTER DATABASE ${database} SET TABLESPACE pg_default; ${cluster} SELECT 1` };
  const result = await run(db.adminUrl, files, { schema: `${table}_own` });
  await admin.exec(`DROP DATABASE ${database}`);
  expect(result).toMatchObject({ outcome: 'done' });
});

test('a server that runs out of disk space while the books are kept ends the run, and it goes on later', async () => {
  const session = await db.session();
  const schema = 'full_own';
  await run(db.ownerUrl, {}, { schema });
  // As a full disk answers, which takes a disk of its own: npm run test:crash has one.
  await session.exec(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ${schema}.lease FOR EACH ROW EXECUTE FUNCTION full_disk()`);
  const result = await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema });
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 2, reason: 'problem' });
  expect(result.message).toBe('The server could not go on: could not extend file: No space left on device.');
  await session.exec(`DROP TRIGGER full_disk ON ${schema}.lease`);
  expect(await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema })).toMatchObject({ outcome: 'done' });
});
