import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runTiptoe, startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

async function project(schema: string, files: Readonly<Record<string, string>>) {
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'migrations', name), text);
  const options = { cwd, env: { DATABASE_URL: undefined } };
  const args = (more: readonly string[]) => ['apply', '--database-url', db.ownerUrl, '--schema', schema, ...more];
  return {
    cwd,
    apply: (...more: string[]) => runTiptoe(args(more), options),
    start: (...more: string[]) => startTiptoe(args(more), options),
    lines: async (name: string) => (await readFile(join(cwd, name), 'utf8')).trimEnd().split('\n').sort(),
  };
}

const REPORT = `env | grep '^TIPTOE_' > "$TIPTOE_HOOK.env"`;

test('hooks run once around a run, are told how it went, and get no password', async () => {
  const { apply, lines, cwd } = await project('hooks_told', {
    '001_a.sql': 'CREATE TABLE hooks_a (id int);',
    '002_b.sql': `SELECT 'sesame', password 'hunter2';`,
    '003_c.sql': 'SELECT 1;',
  });
  const { code } = await apply('--to', '001', '--before', `${REPORT}; env > all.env`, '--after', REPORT);
  expect(code).toBe(0);
  const password = new URL(db.ownerUrl).password;
  const before = await lines('before.env');
  expect(before).toEqual([
    `TIPTOE_DATABASE=${db.ownerRole}@${new URL(db.ownerUrl).host}/${db.name}`,
    'TIPTOE_FILE=migrations/001_a.sql',
    'TIPTOE_HOOK=before',
    'TIPTOE_PENDING=1',
  ]);
  expect(await lines('after.env')).toEqual([
    'TIPTOE_APPLIED=1',
    expect.stringContaining('TIPTOE_DATABASE='),
    'TIPTOE_EXIT_CODE=0',
    'TIPTOE_FILE=',
    'TIPTOE_HOOK=after',
    'TIPTOE_MESSAGE=',
    'TIPTOE_OUTCOME=done',
    'TIPTOE_PENDING=1',
    'TIPTOE_REASON=',
  ]);
  expect(await readFile(join(cwd, 'all.env'), 'utf8')).not.toContain(`:${password}@`);
});

test('a run that fails is told to the hook after it, and its own failure changes nothing', async () => {
  const { apply, lines } = await project('hooks_failed', {
    '001_a.sql': 'SELECT 1;',
    '002_b.sql': 'SELECT nope;',
    '003_c.sql': 'SELECT 1;',
  });
  const { code, stdout, stderr } = await apply(
    '--format',
    'json',
    '--after',
    `${REPORT}; echo said by the hook; exit 7`,
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', reason: 'statement-failed' });
  expect(stderr).toContain('said by the hook');
  expect(stderr).toContain('warning: The hook after the run ended with exit code 7: env');
  expect(await lines('after.env')).toEqual([
    'TIPTOE_APPLIED=1',
    expect.stringContaining('TIPTOE_DATABASE='),
    'TIPTOE_EXIT_CODE=1',
    'TIPTOE_FILE=migrations/002_b.sql',
    'TIPTOE_HOOK=after',
    'TIPTOE_MESSAGE=migrations/002_b.sql failed in line 1 and was rolled back; nothing of it stands.',
    'TIPTOE_OUTCOME=failed',
    'TIPTOE_PENDING=3',
    'TIPTOE_REASON=statement-failed',
  ]);
});

test('a hook that fails before the run keeps it from beginning, and the one after it is still told', async () => {
  const { apply, lines } = await project('hooks_stopped', { '001_a.sql': 'CREATE TABLE hooks_never ();' });
  const { code, stdout, stderr } = await apply('--before', 'echo no; exit 3', '--after', REPORT);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'no\ntiptoe: The hook before the run ended with exit code 3; nothing was begun.\n  Look what it says, and run again: echo no; exit 3\n',
  );
  expect(await lines('after.env')).toContain('TIPTOE_REASON=hook-failed');
  const session = await db.session();
  expect(await session.query(`SELECT WHERE to_regclass('hooks_never') IS NOT NULL`)).toEqual([]);
  expect(await session.query('SELECT FROM hooks_stopped.migration')).toEqual([]);
});

test('where there is nothing to apply, or nothing may be begun, no hook runs', async () => {
  const { apply } = await project('hooks_idle', { '001_a.sql': 'SELECT 1;' });
  const hooks = ['--quiet', '--before', 'echo BEFORE', '--after', 'echo AFTER'];
  const hour = (more: number) => `${String((new Date().getUTCHours() + more) % 24).padStart(2, '0')}:00`;
  const closed = await apply(...hooks, '--window', `${hour(2)}-${hour(3)}`);
  expect(closed.code).toBe(3);
  expect(closed.stderr).toMatch(
    /^tiptoe: It is .*Z on the server, outside of the window .* \(UTC\); migrations\/001_a\.sql was not begun\.\n {2}It opens at /,
  );
  expect(closed.stderr).not.toMatch(/BEFORE|AFTER/);
  expect((await apply(...hooks, '--window', `${hour(2)}-${hour(3)}`, '--window', '00:00-24:00')).stderr).toBe(
    'BEFORE\nAFTER\n',
  );
  expect((await apply(...hooks)).stderr).toBe('');
});

test('the config holds windows and hooks, and a wrong window is told with all the rest', async () => {
  const { apply, cwd } = await project('hooks_config', { '001_a.sql': 'SELECT 1;' });
  const write = (settings: object) => writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify({ apply: settings }));
  await write({
    window: ['Mon-Fri 22:00-05:00', '25:00-05:00', '22:00-05:00 Europe/Berln'],
    waitForWindow: 'yes',
    before: '',
  });
  const { code, stderr } = await apply();
  expect(code).toBe(2);
  expect(stderr).toContain("apply.window.1: '25:00-05:00' is not a time window: there is no time 25:00");
  expect(stderr).toContain("there is no time zone 'Europe/Berln', did you mean Europe/Berlin?");
  expect(stderr).toContain('apply.waitForWindow: must be true or false');
  expect(stderr).toContain('apply.before: a hook needs a command, and it is empty');
  await write({ window: '00:00-24:00', waitForWindow: true, before: 'echo from the config', hookTimeout: '10s' });
  expect(await apply('--quiet')).toMatchObject({ code: 0, stderr: 'from the config\n' });
});

test('--no-code refuses commands of the config before anything is done, and takes those of flags', async () => {
  const { apply, cwd } = await project('hooks_no_code', { '001_a.sql': 'SELECT 1;' });
  const config = { apply: { before: 'echo before > ran', after: 'echo after >> ran' } };
  await writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify(config));
  const refused = await apply('--no-code', '--format', 'json');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toBe(
    'tiptoe: tiptoe.config.json has commands for the shell (apply.before and apply.after), and --no-code refuses to run them.\n' +
      '  Give them as --before and --after, or leave out --no-code where the config is trusted.\n',
  );
  expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: 'refused', files: [] });
  const half = await apply('--no-code', '--before', 'echo mine > ran');
  expect(half.stderr).toContain('commands for the shell (apply.after)');
  await expect(readFile(join(cwd, 'ran'))).rejects.toThrow('ENOENT');
  const given = await apply('--no-code', '--before', 'echo mine > ran', '--after', 'echo too >> ran');
  expect(given.code).toBe(0);
  expect(await readFile(join(cwd, 'ran'), 'utf8')).toBe('mine\ntoo\n');
});

/** A command whose own child would go on, and which says who that is. */
const HANGS = 'sleep 300 & echo child $!; wait';

async function gone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 5_000 });
}

test('a hook that hangs is ended in time, with what it has started', async () => {
  const { start } = await project('hooks_slow', { '001_a.sql': 'SELECT 1;' });
  const running = start('--before', HANGS, '--hook-timeout', '500ms');
  const [, child] = await running.waitForOutput(/child (\d+)/);
  const { code, stderr } = await running.finished();
  expect(code).toBe(1);
  expect(stderr).toContain('The hook before the run did not end within 500 ms (--hook-timeout); nothing was begun.');
  await gone(Number(child));
});

test.each(['--before', '--after'])('Ctrl-C ends a hook %s the run, and a second one leaves at once', async (which) => {
  const schema = `hooks_${which.slice(2)}_int`;
  const { start } = await project(schema, { '001_a.sql': 'SELECT 1;' });
  const running = start(which, HANGS);
  const [, child] = await running.waitForOutput(/child (\d+)/);
  running.kill('SIGINT');
  const { code, stderr } = await running.finished();
  expect(code).toBe(which === '--before' ? 3 : 0);
  expect(stderr).toContain(
    which === '--before'
      ? 'Interrupted; migrations/001_a.sql was not begun.'
      : 'warning: The hook after the run was interrupted',
  );
  await gone(Number(child));

  const stubborn = await project(`${schema}_twice`, { '001_a.sql': 'SELECT 1;' });
  const again = stubborn.start(which, `trap '' TERM INT; sleep 300 & echo child $!; wait; wait; sleep 300`);
  const [, second] = await again.waitForOutput(/child (\d+)/);
  again.kill('SIGINT');
  again.kill('SIGTERM');
  expect(await again.finished()).toMatchObject({ code: 3 });
  await gone(Number(second));
});
