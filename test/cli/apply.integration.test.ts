import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { runTiptoe, startTiptoe, type TiptoeOptions, type TiptoeResult } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

/** A folder with a `migrations` folder in it, and how to run tiptoe there; each with a schema of its own. */
async function project(schema: string, files: Readonly<Record<string, string | Uint8Array>>) {
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  const write = async (more: typeof files) => {
    for (const [name, text] of Object.entries(more)) await writeFile(join(cwd, 'migrations', name), text);
  };
  await write(files);
  const options = (env: TiptoeOptions['env'] = {}): TiptoeOptions => ({
    cwd,
    env: { DATABASE_URL: db.ownerUrl, ...env },
  });
  return {
    cwd,
    write,
    apply: (args: readonly string[] = [], env: TiptoeOptions['env'] = {}): Promise<TiptoeResult> =>
      runTiptoe(['apply', '--schema', schema, ...args], options(env)),
    start: (...args: string[]) => startTiptoe(['apply', '--schema', schema, ...args], options()),
    status: (...args: string[]) => runTiptoe(['status', '--schema', schema, ...args], options()),
  };
}

const asleep = (session: Session, count = 1) =>
  vi.waitFor(
    async () => {
      const rows = await session.query(
        `SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep' AND application_name LIKE 'tiptoe: apply %'`,
        [db.name],
      );
      expect(rows).toHaveLength(count);
    },
    { timeout: 20_000 },
  );

const exists = async (session: Session, relation: string) =>
  (await session.query('SELECT WHERE to_regclass($1) IS NOT NULL', [relation])).length === 1;

test('it applies what is pending, tells what it did, and then has nothing to do', async () => {
  const { apply, status } = await project('cli_first', {
    '001_users.sql': 'CREATE TABLE cli_users (id int);',
    '002_email.sql': 'ALTER TABLE cli_users ADD email text;',
  });
  const before = await status();
  expect(before).toMatchObject({ code: 0 });
  expect(before.stdout).toBe('pending  migrations/001_users.sql\npending  migrations/002_email.sql\n\n2 pending.\n');

  const { code, stdout, stderr } = await apply();
  expect({ code, lines: stdout.split('\n').map((line) => line.replace(/ in .*/, '')) }).toEqual({
    code: 0,
    lines: [
      'applied migrations/001_users.sql: 1 statement',
      'applied migrations/002_email.sql: 1 statement',
      '2 migrations applied.',
      '',
    ],
  });
  expect(stdout + stderr).toMatch(/^[\P{Cc}\n]*$/u);

  expect(await apply()).toMatchObject({
    code: 0,
    stdout: 'Nothing to apply: all 2 migrations are applied already.\n',
    stderr: '',
  });
  expect((await status()).stdout).toMatch(/^applied  migrations\/001_users\.sql {2}\(\d{4}-.*Z by owner_/);
});

test('--format json is one document, and ndjson one event a line', async () => {
  const { apply, status, write } = await project('cli_json', { '001_a.sql': 'CREATE TABLE cli_json (id int);' });
  const json = await apply(['--format', 'json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    outcome: 'done',
    reason: null,
    files: [
      {
        path: 'migrations/001_a.sql',
        outcome: 'done',
        statements: [
          {
            index: 0,
            attempts: 1,
            waitedMs: expect.any(Number) as unknown,
            heldMs: 0,
            durationMs: expect.any(Number) as unknown,
          },
        ],
      },
    ],
    blockers: [],
  });
  await write({ '002_b.sql': 'ALTER TABLE cli_json ADD b int; SELECT nope;' });
  const { code, stdout } = await apply(['--format', 'ndjson', '--quiet']);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(1);
  expect(events.map(({ event }) => event)).toEqual(['plan', 'file', 'result']);
  expect(events.every(({ at }) => typeof at === 'string')).toBe(true);
  expect(events.at(-1)).toMatchObject({
    outcome: 'failed',
    reason: 'statement-failed',
    failure: { line: 1, column: 40 },
  });
  const shown = JSON.parse((await status('--format', 'json')).stdout) as { migrations: unknown[] };
  expect(shown.migrations).toMatchObject([
    { path: 'migrations/001_a.sql', state: 'applied', runBy: db.ownerRole },
    { path: 'migrations/002_b.sql', state: 'failed', error: 'column "nope" does not exist' },
  ]);
});

test('a failing statement is shown in its source with a caret', async () => {
  const { apply } = await project('cli_caret', { '001_a.sql': '-- first\nSELECT 1,\n  nope\nFROM pg_class;\n' });
  const { code, stderr } = await apply(['--quiet']);
  expect(code).toBe(1);
  expect(stderr).toBe(`tiptoe: migrations/001_a.sql failed in line 3 and was rolled back; nothing of it stands.
migrations/001_a.sql:3:3: column "nope" does not exist (42703)
  3 │   nope
    │   ^
  Correct the file and run again.
`);
});

test('who is in the way is named, with the query but not its values', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cli_held (name text)');
  const reader = await db.session(db.ownerUrl, { applicationName: 'report' });
  await reader.exec(`BEGIN; SELECT FROM cli_held WHERE name = 'top secret'`);
  const { apply } = await project('cli_held_own', { '001_a.sql': 'ALTER TABLE cli_held ADD b int;' });
  const { code, stderr } = await apply(['--give-up-after', '300ms']);
  expect(code).toBe(3);
  expect(stderr).toContain(
    'could not have the lock on public.cli_held within 300 ms without making traffic wait; nothing of it stands.',
  );
  expect(stderr).toMatch(
    new RegExp(
      `pid ${reader.pid} \\(report, ${db.ownerRole}, idle in transaction for .*\\) with AccessShareLock on public.cli_held`,
    ),
  );
  expect(stderr).toContain('SELECT FROM cli_held WHERE name = $1');
  expect(stderr).not.toContain('top secret');
});

test('--cap ends a statement that holds its lock for too long', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cli_capped (id int)');
  const { apply } = await project('cli_capped_own', {
    '001_a.sql': 'ALTER TABLE cli_capped ADD b int;\nSELECT pg_sleep(60);',
  });
  const { code, stderr } = await apply(['--cap', '500ms']);
  expect(code).toBe(1);
  expect(stderr).toContain(
    '(the cap is 500 ms), and nobody waited behind it; it was cancelled in line 2 and rolled back, and nothing of it stands.',
  );
});

test('an edited migration, a second runner and an interruption each have their line and exit code', async () => {
  const session = await db.session();
  const { apply, start, write } = await project('cli_cases', { '001_a.sql': 'SELECT 1;' });
  expect(await apply()).toMatchObject({ code: 0 });
  await write({ '001_a.sql': 'SELECT 2;' });
  const edited = await apply();
  expect(edited.code).toBe(1);
  expect(edited.stderr).toMatch(
    /^tiptoe: migrations\/001_a\.sql was edited after it was applied on .*Z\.\n {2}Restore the file/,
  );

  await write({ '001_a.sql': 'SELECT 1;', '002_b.sql': 'CREATE TABLE cli_interrupted (); SELECT pg_sleep(60);' });
  const first = start();
  await asleep(session);
  const second = await apply(['--wait-for-runner', '200ms']);
  expect(second.code).toBe(3);
  expect(second.stderr).toMatch(
    /Another tiptoe holds 'migrate' since .*Z: .*@.* pid \d+, tiptoe \d+\.\d+\.\d+ \(waited/,
  );

  first.kill('SIGINT');
  const { code, stderr } = await first.finished();
  expect(code).toBe(3);
  expect(stderr).toContain(
    'tiptoe: Interrupted; migrations/002_b.sql was rolled back, and nothing of it stands.\n  Run again to continue.\n',
  );
  expect(await exists(session, 'cli_interrupted')).toBe(false);
});

test('killed in the middle of a transaction, it runs again as if nothing had happened', async () => {
  const session = await db.session();
  const { apply, start, write } = await project('cli_killed', {
    '001_a.sql': 'CREATE TABLE cli_killed (id int); SELECT pg_sleep(5);',
  });
  const killed = start();
  await asleep(session);
  killed.kill('SIGKILL');
  expect(await killed.finished()).toMatchObject({ code: null });
  await write({ '001_a.sql': 'CREATE TABLE cli_killed (id int);' });
  expect(await apply(['--wait-for-runner', '20s'])).toMatchObject({ code: 0 });
  expect(await session.query(`SELECT name, state FROM cli_killed.migration`)).toEqual([
    { name: '001_a', state: 'done' },
  ]);
});

test('killed in the middle of an online build, it waits for what the server goes on with, and counts it', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cli_build (id int)');
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM cli_build');
  const { apply, start } = await project('cli_build_own', {
    '001_a.sql': 'CREATE INDEX CONCURRENTLY cli_build_id ON cli_build (id);\nALTER TABLE cli_build ADD b int;',
  });
  const killed = start();
  await vi.waitFor(async () => expect(await exists(session, 'cli_build_id')).toBe(true), { timeout: 20_000 });
  killed.kill('SIGKILL');
  await killed.finished();
  const again = apply(['--wait-for-runner', '20s']);
  await reader.exec('COMMIT');
  expect(await again).toMatchObject({ code: 0 });
  expect(
    await session.query(`SELECT indisvalid AS valid FROM pg_index WHERE indrelid = 'cli_build'::regclass`),
  ).toEqual([{ valid: true }]);
  expect(await session.query(`SELECT index, state FROM cli_build_own.migration_statement ORDER BY 1`)).toEqual([
    { index: 0, state: 'done' },
    { index: 1, state: 'done' },
  ]);
});

test.each<[string, readonly string[], TiptoeOptions['env'], RegExp]>([
  [
    'an unreachable server',
    [],
    { DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/x' },
    /^tiptoe: Cannot connect to nobody@127\.0\.0\.1:1\/x: no server listens there\./,
  ],
  ['no database', [], { DATABASE_URL: undefined }, /^tiptoe: No database is given\./],
  ['no such folder', ['--dir', 'nowhere'], {}, /^tiptoe: There is no file or folder nowhere\./],
  ['an empty folder', ['--dir', '.'], {}, /^tiptoe: There are no \.sql files in \./],
  ['a bad duration', ['--cap', 'soon'], {}, /^tiptoe: 'soon' is not a duration\./],
  ['an unknown option', ['--fast'], {}, /unknown option '--fast'/],
  ['an unknown format', ['--format', 'xml'], {}, /'xml' is invalid/],
])('%s is one line with what to do next, and exit code 2', async (_, args, env, message) => {
  const cwd = await mkdtemp(join(temporary.path, 'bad-'));
  if (!args.includes('--dir')) {
    await mkdir(join(cwd, 'migrations'));
    await writeFile(join(cwd, 'migrations', '001_a.sql'), 'SELECT 1');
  }
  const { code, stdout, stderr } = await runTiptoe(['apply', ...args], {
    cwd,
    env: { DATABASE_URL: db.ownerUrl, ...env },
  });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
  expect(stderr).not.toContain('hunter2');
});

test('a wrong password, a read-only server and a role without rights are told apart', async () => {
  const { apply } = await project('cli_refused', { '001_a.sql': 'SELECT 1;' });
  const wrong = new URL(db.ownerUrl);
  wrong.password = 'hunter2';
  const readOnly = new URL(db.ownerUrl);
  readOnly.search = '?options=-c%20default_transaction_read_only%3Don';
  const refusals = await Promise.all(
    [wrong.href, readOnly.href, db.trafficUrl].map((url) => apply([], { DATABASE_URL: url })),
  );
  expect(refusals.map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(refusals.map(({ stderr }) => stderr.split('\n')[0])).toEqual([
    expect.stringContaining(`the password for the role ${db.ownerRole} is wrong`),
    expect.stringContaining('are read-only (default_transaction_read_only is on)'),
    `tiptoe: Role ${db.trafficRole} may not create the schema cli_refused, where tiptoe keeps its books, in database ${db.name}.`,
  ]);
});

test('a binary file and two of one version are refused before the server is asked', async () => {
  const { apply, write } = await project('cli_files', { '001_a.sql': 'SELECT 1', '0001_b.sql': 'SELECT 1' });
  const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/x' };
  const twice = await apply([], nowhere);
  expect(twice).toMatchObject({ code: 2 });
  expect(twice.stderr).toContain('Two migrations have the version 1: migrations/0001_b.sql and migrations/001_a.sql.');
  await write({ '002_c.sql': new Uint8Array(100) });
  expect((await apply([], nowhere)).stderr).toContain('002_c.sql is a binary file, not SQL.');
});

test('a backfill that comes first is registered and named, and --run-backfills runs it', async () => {
  const session = await db.session();
  await session.exec(
    'CREATE TABLE cli_filled (id int PRIMARY KEY, n int); INSERT INTO cli_filled SELECT generate_series(1, 10)',
  );
  const { apply, status } = await project('cli_filled_own', {
    '001_n.backfill.sql': 'UPDATE cli_filled SET n = id WHERE n IS NULL',
    '002_b.sql': 'ALTER TABLE cli_filled ALTER n SET NOT NULL;',
  });
  const stopped = await apply();
  expect(stopped.code).toBe(3);
  expect(stopped.stderr).toContain('touches public.cli_filled, a table of the backfill 001_n, which has not run yet');
  expect(stopped.stderr).toContain('tiptoe backfill run migrations/001_n.backfill.sql');
  expect((await status()).stdout).toContain('pending  001_n  (backfill; 0 rows changed');
  expect(await apply(['--run-backfills'])).toMatchObject({ code: 0 });
  expect(await session.query('SELECT count(*)::int AS filled FROM cli_filled WHERE n = id')).toEqual([{ filled: 10 }]);
});

test('status for a role that may not read says so, also as one JSON document', async () => {
  const { apply, cwd } = await project('cli_closed', { '001_a.sql': 'SELECT 1' });
  expect(await apply()).toMatchObject({ code: 0 });
  const session = await db.session();
  await session.exec(`REVOKE ALL ON SCHEMA cli_closed FROM ${db.trafficRole}`);
  const options = { cwd, env: { DATABASE_URL: db.trafficUrl } };
  const { code, stderr, stdout } = await runTiptoe(['status', '--schema', 'cli_closed', '--format', 'json'], options);
  expect(code).toBe(2);
  expect(stderr).toContain(`may not read tiptoe's tables in schema cli_closed`);
  expect(stderr).toContain('GRANT USAGE ON SCHEMA cli_closed');
  expect(stderr).not.toMatch(/INSERT|CREATE/);
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, outcome: 'refused', reason: 'problem', migrations: [] });
});

test('status where an empty schema of that name belongs to someone else', async () => {
  const session = await db.session();
  await session.exec(`CREATE SCHEMA cli_foreign; REVOKE ALL ON SCHEMA cli_foreign FROM ${db.trafficRole}`);
  const { cwd } = await project('cli_foreign', { '001_a.sql': 'SELECT 1' });
  const options = { cwd, env: { DATABASE_URL: db.trafficUrl } };
  const { code, stderr } = await runTiptoe(['status', '--schema', 'cli_foreign'], options);
  expect(code).toBe(2);
  expect(stderr).toContain(`may not read tiptoe's tables in schema cli_foreign`);
  expect(await runTiptoe(['status', '--schema', ''], options)).toMatchObject({ code: 2 });
});

test('a second signal leaves at once, and the one JSON document is still written', async () => {
  const { start } = await project('cli_left', {
    '001_a.sql': 'DO $$ BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(30); END $$',
  });
  const running = start('--format', 'json', '--cap', '1min');
  await asleep(await db.session());
  running.kill('SIGINT');
  running.kill('SIGTERM');
  const { code, stdout, stderr } = await running.finished();
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });
  expect(stderr).not.toContain('rolls back');
});

test('the config names the folder, the schema and the times, and a flag wins over it', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cli_configured (id int)');
  const { cwd } = await project('unused', { '001_a.sql': 'ALTER TABLE cli_configured ADD b int;' });
  await rename(join(cwd, 'migrations'), join(cwd, 'sql'));
  const config = { dir: 'sql', apply: { schema: 'cli_own', giveUpAfter: '300ms', maxStall: '40ms' } };
  await writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify(config));
  const tiptoe = (...args: string[]) => runTiptoe(args, { cwd, env: { DATABASE_URL: db.ownerUrl } });

  const reader = await db.session();
  await reader.exec('BEGIN; TABLE cli_configured');
  expect((await tiptoe('apply')).stderr).toContain('within 300 ms without making traffic wait');
  expect((await tiptoe('apply', '--give-up-after', '200ms')).stderr).toContain('within 200 ms without');
  await reader.exec('COMMIT');

  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  expect((await tiptoe('status')).stdout).toMatch(/^applied {2}sql\/001_a\.sql/);
  expect((await tiptoe('status', '--schema', 'cli_other')).stdout).toMatch(/^pending {2}sql\/001_a\.sql/);
  expect(await session.query('SELECT FROM cli_own.migration')).toHaveLength(1);
});

test('a file that would hold up a big table is refused, with the place and what to do; --allow runs it, and status tells', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE cli_big AS SELECT g AS id FROM generate_series(1, 1200) g; ANALYZE cli_big');
  const { cwd, apply, status } = await project('cli_gate', {
    '001_index.sql': '-- by id\nCREATE INDEX cli_big_id\n  ON cli_big (id);\n',
  });
  const { code, stdout, stderr } = await apply(['--quiet']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr)
    .toContain(`tiptoe: migrations/001_index.sql is refused: the traffic of tables with more than 1,000 rows would be held up; nothing was applied.
migrations/001_index.sql:2:1  error  create-index-blocking
  2 │ CREATE INDEX cli_big_id
    │ ^^^^^^^^^^^^^^^^^^^^^^^
`);
  expect(stderr).toContain('  public.cli_big has about 1,200 rows.\n  → ');
  expect(stderr).toContain(`--allow 'create-index-blocking: …'`);
  expect(JSON.parse((await apply(['--format', 'json'])).stdout)).toMatchObject({
    outcome: 'refused',
    reason: 'lint-gate',
    runFrom: expect.stringMatching(/^\S+@\S+ pid \d+$/) as unknown,
    toolVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) as unknown,
    files: [{ path: 'migrations/001_index.sql', outcome: 'refused' }],
    findings: [
      { rule: 'create-index-blocking', line: 2, endLine: 3, big: [{ relation: 'public.cli_big', rows: 1200 }] },
    ],
  });

  const misspelt = await apply(['--allow', 'create-index-bloking: closed until six']);
  expect(misspelt.code).toBe(2);
  expect(misspelt.stderr).toContain("there is no rule 'create-index-bloking'.\n  Did you mean create-index-blocking?");

  const allowed = await apply(['--allow', 'create-index-blocking: closed until six']);
  expect(allowed).toMatchObject({ code: 0 });
  expect(allowed.stderr).toContain(
    'migrations/001_index.sql:2: create-index-blocking on public.cli_big is let through by --allow: closed until six',
  );
  const shown = JSON.parse((await status('--format', 'json')).stdout) as unknown;
  expect(shown).toMatchObject({
    migrations: [
      { state: 'applied', exceptions: [{ rule: 'create-index-blocking', by: 'flag', reason: 'closed until six' }] },
    ],
  });
  expect((await status()).stdout).toMatch(
    /\n +let through in line 2: create-index-blocking on public\.cli_big, by --allow of owner_\w+ from \S+ pid \d+: closed until six\n/,
  );

  await writeFile(join(cwd, 'migrations', '002_index.sql'), 'CREATE INDEX ON cli_big (id);');
  await writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify({ gate: { minRows: 1200 } }));
  expect(await apply()).toMatchObject({ code: 0 });
});

test('a cap that a file asks for is shown before and after, and --max-cap bounds it', async () => {
  const { apply, status } = await project('cli_cap', {
    '001_a.sql': '-- tiptoe:cap 20s: twelve rows\nCREATE TABLE cli_cap (id int);',
  });
  expect((await status()).stdout).toContain('pending  migrations/001_a.sql  (with a cap of 20 s: twelve rows)');
  const refused = await apply(['--max-cap', '10s']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('migrations/001_a.sql asks for a cap that it cannot have; nothing was applied.');
  expect(refused.stderr).toContain(
    'migrations/001_a.sql:1:1: A cap of 20 s is longer than the 10 s that a file may ask for.',
  );
  expect((await apply(['--cap', '0'])).stderr).toContain("'0' is not a duration.");
  expect((await apply(['--cap', '0s'])).stderr).toContain('A cap of 0s leaves no time for anything.');

  const applied = await apply();
  expect(applied.code).toBe(0);
  expect(applied.stderr).toContain('migrations/001_a.sql: may hold its locks for 20 s: twelve rows');
  const shown = JSON.parse((await status('--format', 'json')).stdout) as { migrations: unknown[] };
  expect(shown.migrations).toMatchObject([
    { state: 'applied', cap: { ms: 20_000, reason: 'twelve rows' }, unconfirmed: false },
  ]);
});
