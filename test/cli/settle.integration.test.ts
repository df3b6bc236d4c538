import { expect, test, vi } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { runOnTerminal } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();
/** Where nobody is asked. */
async function project(schema: string, files: Readonly<Record<string, string>>): Promise<Project> {
  const made = await makeProject(temporary.path, db.ownerUrl, schema, files);
  const agreed = (command: string) => (command === 'baseline' || command === 'repair' ? ['--yes'] : []);
  return {
    ...made,
    tiptoe: (command, ...args) => made.tiptoe(command, ...agreed(command), ...args),
    tiptoeAs: (url, command, ...args) => made.tiptoeAs(url, command, ...agreed(command), ...args),
  };
}

const HALF = 'CREATE TABLE %s (a int);\nVACUUM %s;\nALTER TABLE %s ADD b nope;';
const half = (table: string) => HALF.replaceAll('%s', table);

async function settlements(schema: string) {
  const session = await db.session();
  return session.query(
    `SELECT migration, index, command, before, after, reason, settled_by AS by, settled_from AS from FROM ${schema}.migration_settlement ORDER BY id`,
  );
}

test('baseline marks without running, up to a migration or all of them, and again changes nothing', async () => {
  const { tiptoe } = await project('base', {
    '001_a.sql': 'CREATE TABLE base_a (a int);',
    '002_b.backfill.sql': 'UPDATE base_a SET a = 1 WHERE a IS NULL',
    '003_c.sql': 'CREATE TABLE base_c (a int);',
  });
  const first = await tiptoe('baseline', '--to', '002_b');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toContain('migrations/001_a.sql: pending -> applied');
  expect(first.stdout).toContain('2 migrations settled; nothing was run.');
  const session = await db.session();
  expect(await session.query(`SELECT to_regclass('base_a') AS made`)).toEqual([{ made: null }]);
  expect((await tiptoe('status')).stdout).toMatch(/2 applied, 1 pending\.\n$/);

  const again = await tiptoe('baseline', '--to', '2', '--format', 'json');
  expect(JSON.parse(again.stdout)).toEqual({ version: 1, outcome: 'done', changes: [], unchanged: 2 });
  const rest = JSON.parse((await tiptoe('baseline', '--format', 'json')).stdout) as object;
  expect(rest).toMatchObject({
    outcome: 'done',
    changes: [{ name: '003_c', before: 'pending', after: 'applied' }],
    unchanged: 2,
  });
  expect(await tiptoe('apply')).toMatchObject({
    code: 0,
    stdout: 'Nothing to apply: all 3 migrations are applied already.\n',
  });
  expect(await settlements('base')).toMatchObject([
    {
      migration: '001_a',
      command: 'baseline',
      before: 'pending',
      after: 'applied',
      by: db.ownerRole,
      reason: 'baseline up to 002_b',
    },
    { migration: '002_b' },
    { migration: '003_c', reason: 'baseline' },
  ]);
});

const ASKING: ReadonlyArray<readonly [command: string, ...args: string[]]> = [
  ['baseline'],
  ['repair', '001_a', '--as', 'applied', '--reason', "it's done"],
];

test.each(ASKING)('where nobody can be asked, %s wants --yes', async (command, ...args) => {
  const schema = `unasked_${command}`;
  const { tiptoe } = await makeProject(temporary.path, db.ownerUrl, schema, { '001_a.sql': 'SELECT nope;' });
  if (command === 'repair') await tiptoe('apply');
  const refused = await tiptoe(command, ...args);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(
    /Nobody can be asked here: standard input is no terminal\. Nothing was changed\.\n.*--yes/,
  );
  const told = await tiptoe(command, ...args, '--format', 'json');
  expect({ code: told.code, ...(JSON.parse(told.stdout) as object) }).toMatchObject({
    code: 2,
    outcome: 'refused',
    changes: [],
  });
  expect(await settlements(schema)).toEqual([]);
  expect(await tiptoe(command, ...args, '--yes')).toMatchObject({ code: 0 });
  // What stands already is asked of nobody.
  expect(await tiptoe(command, ...args)).toMatchObject({ code: 0 });
});

test.runIf(process.platform === 'linux').each(ASKING)('on a terminal, %s asks', async (command, ...args) => {
  const schema = `asked_${command}`;
  const { cwd, tiptoe } = await makeProject(temporary.path, db.ownerUrl, schema, { '001_a.sql': 'SELECT nope;' });
  if (command === 'repair') await tiptoe('apply');
  const answer = (text: string) =>
    runOnTerminal([command, '--schema', schema, ...args], text, { cwd, env: { DATABASE_URL: db.ownerUrl } });
  // Enter, something else, Ctrl-D and Ctrl-C.
  for (const no of ['\r', 'no\r', 'yesterday\r', '\u0004', '\u0003']) {
    const declined = await answer(no);
    expect({ no, code: declined.code }).toEqual({ no, code: 3 });
    expect(declined.stdout).toMatch(/001_a\.sql: (?:pending|failed) -> applied\s+Write this to the ledger\? \[y\/N\] /);
    expect(declined.stdout).toContain('Nothing was changed.');
  }
  expect(await settlements(schema)).toEqual([]);
  const agreed = await answer('y\r');
  expect(agreed).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was run.') as unknown });
  expect(await settlements(schema)).toMatchObject([{ migration: '001_a', command, after: 'applied' }]);
});

test('baseline refuses what is half-done, and repair settles it either way', async () => {
  const { tiptoe, write } = await project('half', { '001_a.sql': half('half_table'), '002_b.sql': 'SELECT 1;' });
  expect(await tiptoe('apply')).toMatchObject({ code: 1 });
  const refused = await tiptoe('baseline');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('migrations/001_a.sql is half-done; nothing was marked.');
  expect(refused.stderr).toContain('tiptoe repair 001_a --as applied');
  expect(await settlements('half')).toEqual([]);

  const applied = await tiptoe('repair', '001_a', '--as', 'applied', '--reason', 'b was added by hand, INC-12');
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(applied.stdout).toContain('migrations/001_a.sql: half-done -> applied');
  expect((await tiptoe('status')).stdout).toContain('1 applied, 1 pending.');
  expect((await tiptoe('repair', '001_a', '--as', 'applied', '--reason', 'again')).stdout).toContain(
    'Nothing to change',
  );

  const session = await db.session();
  await session.exec('DROP TABLE half_table');
  const undone = await tiptoe('repair', 'migrations/001_a.sql', '--as', 'pending', '--reason', 'dropped by hand');
  expect(undone.stdout).toContain('migrations/001_a.sql: applied -> pending');
  await write({ '001_a.sql': half('half_table').replace('nope', 'int') });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  expect(await settlements('half')).toMatchObject([
    {
      migration: '001_a',
      index: null,
      command: 'repair',
      before: 'half-done',
      after: 'applied',
      reason: 'b was added by hand, INC-12',
      by: db.ownerRole,
    },
    { before: 'applied', after: 'pending', reason: 'dropped by hand' },
  ]);
});

test('an edited file is accepted as it is now, and a file that is gone is forgotten', async () => {
  const { tiptoe, write, remove } = await project('edit', {
    '001_a.sql': 'SELECT 1;',
    '002_b.sql': half('edit_table'),
  });
  expect(await tiptoe('apply')).toMatchObject({ code: 1 });
  await write({ '001_a.sql': '-- a comment\nSELECT 1;' });
  const edited = await tiptoe('apply');
  expect(edited.code).toBe(1);
  expect(edited.stderr).toContain('tiptoe repair 001_a --as applied');
  expect(await tiptoe('repair', '1', '--as', 'applied', '--reason', 'a comment')).toMatchObject({ code: 0 });
  await remove('002_b.sql');
  expect((await tiptoe('apply')).stderr).toContain('tiptoe repair 002_b --as applied (or pending)');
  const forgotten = await tiptoe('repair', '002_b', '--as', 'pending', '--reason', 'never meant to be');
  expect(forgotten).toMatchObject({ code: 0 });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  expect((await tiptoe('status')).stdout).toMatch(/\n1 applied\.\n$/);
});

test('status tells what is out of order, and what is required and not there yet', async () => {
  const { tiptoe, write } = await project('told', { '002_b.sql': 'SELECT 1;' });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  await write({ '001_a.sql': 'SELECT 1;', '003_c.sql': '-- tiptoe:requires 001_a, 002_b\nSELECT 1;' });
  const { stdout } = await tiptoe('status');
  expect(stdout).toContain('pending  migrations/001_a.sql  (comes before migrations that are applied)');
  expect(stdout).toContain('requires 001_a, which is pending');
  expect(stdout).not.toContain('requires 002_b');
  expect(stdout).toContain('2 pending, 1 applied; 1 out of order.');
  const { migrations } = JSON.parse((await tiptoe('status', '--format', 'json')).stdout) as { migrations: object[] };
  expect(migrations).toMatchObject([
    { name: '001_a', outOfOrder: true, requires: [] },
    { name: '002_b', state: 'applied', requires: [] },
    {
      requires: [
        { name: '001_a', met: false },
        { name: '002_b', state: 'applied', met: true },
      ],
    },
  ]);
});

test('one statement of unknown outcome is settled alone', async () => {
  const session = await db.session();
  await session.exec(`CREATE PROCEDURE stmt_ask() LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO stmt_asked VALUES (1); COMMIT; END $$`);
  const { tiptoe, write } = await project('stmt', {
    '001_a.sql': '-- tiptoe:transaction none\nCREATE TABLE stmt_asked (a int);\nCALL stmt_ask();\nSELECT nope;',
  });
  expect(await tiptoe('apply')).toMatchObject({ code: 1 });
  // As a runner that died leaves it.
  await session.exec(`UPDATE stmt.migration_statement SET state = 'running', backend_pid = 1 WHERE index = 1;
    DELETE FROM stmt.migration_statement WHERE index > 1`);
  const asked = await tiptoe('apply');
  expect(asked.stderr).toContain('tiptoe repair 001_a --statement 2 --as applied (or pending)');
  const never = await tiptoe('repair', '001_a', '--statement', '7', '--as', 'applied', '--reason', 'x');
  expect(never.code).toBe(2);
  expect(never.stderr).toContain('Statement 7 of migrations/001_a.sql was never begun');
  const settled = await tiptoe(
    'repair',
    '001_a',
    '--statement',
    '2',
    '--as',
    'applied',
    '--reason',
    'the row is there',
  );
  expect(settled.stdout).toContain('migrations/001_a.sql, statement 2: half-done -> applied');
  await write({
    '001_a.sql': '-- tiptoe:transaction none\nCREATE TABLE stmt_asked (a int);\nCALL stmt_ask();\nSELECT 1;',
  });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  expect(await session.query('SELECT a FROM stmt_asked')).toEqual([{ a: 1 }]);
  expect(await settlements('stmt')).toMatchObject([
    { index: 1, before: 'running', after: 'applied', reason: 'the row is there' },
  ]);
});

test('neither is done while a runner is at work', async () => {
  const { tiptoe, write } = await project('busy', { '001_a.sql': 'SELECT 1;' });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  await write({ '002_b.sql': 'SELECT pg_sleep(20);' });
  const running = tiptoe('apply', '--cap', '1min');
  const session = await db.session();
  await vi.waitFor(
    async () =>
      expect(
        await session.query(`SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'`, [db.name]),
      ).toHaveLength(1),
    { timeout: 20_000 },
  );
  for (const args of [['baseline'], ['repair', '002_b', '--as', 'applied', '--reason', 'x']] as const) {
    const [command, ...rest] = args;
    const { code, stderr } = await tiptoe(command, ...rest);
    expect({ command, code }).toEqual({ command, code: 3 });
    expect(stderr).toContain('Another tiptoe holds');
  }
  await session.exec(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = '${db.name}' AND wait_event = 'PgSleep'`,
  );
  await running;
  expect(await settlements('busy')).toEqual([]);
});

test('bad input: no reason, no verdict, an unknown file, an empty folder, no privilege, a newer ledger', async () => {
  const { tiptoe, tiptoeAs, remove } = await project('bad', { '001_first.sql': 'SELECT 1;' });
  const said = async (...args: [string, ...string[]]) => {
    const { code, stdout, stderr } = await tiptoe(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    return stderr;
  };
  expect(await said('repair', '001_first', '--as', 'applied')).toContain("required option '--reason <text>'");
  expect(await said('repair', '001_first', '--as', 'applied', '--reason', '  ')).toContain('--reason is empty.');
  expect(await said('repair', '001_first', '--reason', 'x')).toContain("required option '--as <verdict>'");
  expect(await said('repair', '001_first', '--as', 'done', '--reason', 'x')).toContain(
    'Allowed choices are applied, pending',
  );
  expect(await said('repair', '--as', 'applied', '--reason', 'x')).toContain("missing required argument 'file'");
  const unknown = await said('repair', '001_frist', '--as', 'applied', '--reason', 'x');
  expect(unknown).toContain('There is no migration 001_frist.');
  expect(unknown).toContain('Did you mean 001_first?');
  expect(await said('repair', '001_first', '--statement', '0', '--as', 'applied', '--reason', 'x')).toContain(
    'Count from 1',
  );
  expect(await said('repair', '001_first', '--statement', '1', '--as', 'applied', '--reason', 'x')).toContain(
    'only a file that was begun',
  );
  expect(await said('baseline', '--to', '002')).toContain('There is no migration 002.');

  const session = await db.session();
  expect(await tiptoe('baseline')).toMatchObject({ code: 0 });
  await session.exec(
    `REVOKE ALL ON ALL TABLES IN SCHEMA bad FROM ${db.trafficRole}; GRANT SELECT ON ALL TABLES IN SCHEMA bad TO ${db.trafficRole}`,
  );
  const stranger = await tiptoeAs(db.trafficUrl, 'baseline', '--format', 'json');
  expect(stranger.code).toBe(2);
  expect(JSON.parse(stranger.stdout)).toMatchObject({ version: 1, outcome: 'refused', changes: [] });
  expect(stranger.stderr).toContain('GRANT');
  await session.exec(`UPDATE bad.version SET version = 99 WHERE component = 'migrate'`);
  expect(await said('baseline')).toContain('newer tiptoe');
  expect(await said('status')).toContain('newer tiptoe');
  await remove('001_first.sql');
  expect(await said('baseline')).toContain('There are no .sql files in migrations.');
});

interface Status {
  readonly runner: object | null;
  readonly migrations: readonly object[];
}

test('status tells all that the ledger keeps of a migration, and who is at work', async () => {
  const { tiptoe } = await project('facts', {
    '001_a.sql': 'CREATE TABLE facts_a (a int);\nALTER TABLE facts_a ADD b int;',
    '002_b.sql': 'SELECT nope;',
  });
  const session = await db.session();
  await tiptoe('apply');
  await tiptoe('repair', '002_b', '--as', 'applied', '--reason', 'done by hand');
  await session.exec(`UPDATE facts.migration_statement SET stalled_sessions = 3, longest_stall_ms = 120, total_stall_ms = 200,
    blockers = '[{"kind":"session","pid":42,"application":"report","user":"ann","state":"active","transactionAgeMs":5000,
                  "on":"relation","lock":"AccessShareLock","relation":"public.facts_a","object":null,"query":null}]' WHERE index = 1`);
  const found = JSON.parse((await tiptoe('status', '--format', 'json')).stdout) as Status;
  expect(found).toMatchObject({
    runner: null,
    migrations: [
      {
        name: '001_a',
        toolVersion: expect.any(String) as unknown,
        settlements: [],
        statements: [
          { index: 0, line: 1, kind: 'Create', state: 'done', attempts: 1, stalled: { sessions: 0 }, blockers: [] },
          {
            index: 1,
            line: 2,
            stalled: { sessions: 3, longestMs: 120, totalMs: 200 },
            blockers: [{ pid: 42, lock: 'AccessShareLock' }],
            runBy: db.ownerRole,
            heldMs: expect.any(Number) as unknown,
          },
        ],
      },
      {
        name: '002_b',
        settlements: [{ command: 'repair', before: 'failed', after: 'applied', reason: 'done by hand' }],
      },
    ],
  });
  const one = await tiptoe('status', '1');
  expect(one).toMatchObject({ code: 0, stderr: '' });
  expect(one.stdout).toMatch(/line 2: AlterTable done: took .*, 1 try, .*, made 3 sessions wait, 120 ms at most/);
  expect(one.stdout).toContain(
    'in its way: pid 42 (report, ann, active for 5 s) with AccessShareLock on public.facts_a',
  );
  expect(one.stdout).not.toContain('002_b');
  expect((await tiptoe('status', '002_b')).stdout).toContain('repair: the file was failed and counts as applied since');
  expect(await tiptoe('status', '7')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no migration 7') as unknown,
  });

  await session.query(
    `UPDATE facts.lease SET owner = 'ann@laptop pid 1, tiptoe 1.0', backend_pid = $1, backend_start = $2, acquired_at = now(),
       expires_at = now() + interval '1 minute', server_start = pg_postmaster_start_time() WHERE name = 'migrate'`,
    [session.pid, session.backendStart],
  );
  expect((await tiptoe('status')).stdout).toContain('Migrations are being applied right now, since');
  const busy = JSON.parse((await tiptoe('status', '--format', 'json')).stdout) as Status;
  expect(busy.runner).toMatchObject({ owner: 'ann@laptop pid 1, tiptoe 1.0', pid: session.pid });
});
