import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { runOnTerminal, runTiptoe, type TiptoeResult } from '../support/cli.ts';
import { git, installTiptoe, makeRepository, OFFLINE, writeFiles } from '../support/repository.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const temporary = ownTemporaryDirectory();

// npm and git are started many times.
vi.setConfig({ testTimeout: 60_000 });

const TABLE = 'CREATE TABLE users (id bigint PRIMARY KEY, email text);\n';
const UNSAFE = 'CREATE INDEX users_email ON users (email);\n';

const repository = (files: Readonly<Record<string, string>>): Promise<string> => makeRepository(temporary.path, files);
const init = (cwd: string, ...args: string[]): Promise<TiptoeResult> => runTiptoe(['init', ...args], { cwd });
const read = (cwd: string, path: string): Promise<string> => readFile(join(cwd, path), 'utf8');
const config = async (cwd: string): Promise<unknown> => JSON.parse(await read(cwd, 'tiptoe.config.json'));

test('it writes a config, a workflow and a hook, says so, and has nothing to do the next time', async () => {
  const cwd = await repository({
    'migrations/001_users.sql': TABLE,
    'docker-compose.yml': 'services:\n  db:\n    image: postgres:16-alpine # not postgres:12\n',
  });
  const first = await init(cwd, '--yes');
  expect(first).toMatchObject({ code: 0, stderr: 'tiptoe: PostgreSQL 16, by docker-compose.yml\n' });
  expect(first.stdout).toContain(
    'wrote tiptoe.config.json\nwrote .github/workflows/tiptoe.yml\nwrote .git/hooks/pre-commit\n',
  );
  expect(first.stdout).toContain('commit tiptoe.config.json, .github/workflows/tiptoe.yml\n');
  expect(await config(cwd)).toEqual({ pgVersion: 16, dir: 'migrations' });
  expect((await stat(join(cwd, '.git/hooks/pre-commit'))).mode & 0o111).toBe(0o111);
  const second = await init(cwd, '--yes');
  expect(second.stdout.match(/ is as it should be\.\n/g)).toHaveLength(3);
  expect(second.stdout).not.toContain('wrote');
  expect((await runTiptoe(['lint'], { cwd })).code).toBe(0);
});

test('the workflow is YAML, its actions are pinned, and it asks for no rights', async () => {
  const cwd = await repository({ 'shop/migrations/001_users.sql': TABLE });
  await init(join(cwd, 'shop'), '--yes', '--ci', 'github', '--ci', 'gitlab');
  const workflow = parse(await read(cwd, '.github/workflows/tiptoe.yml')) as {
    readonly permissions: unknown;
    readonly jobs: { readonly lint: { readonly steps: readonly { readonly uses?: string; readonly run?: string }[] } };
  };
  expect(workflow.permissions).toEqual({ contents: 'read' });
  const { steps } = workflow.jobs.lint;
  const used = steps.flatMap(({ uses }) => uses ?? []);
  expect(used.map((uses) => uses.replace(/@.*/, ''))).toEqual(['actions/checkout', 'actions/setup-node']);
  for (const uses of used) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  expect(steps.at(-1)).toMatchObject({ 'working-directory': 'shop' });
  // An expression in a script would be text of strangers in a shell.
  for (const { run } of steps) expect(run ?? '').not.toContain('${{');
  const job = parse(await read(cwd, '.gitlab/tiptoe.yml')) as {
    readonly tiptoe: { readonly script: readonly string[] };
  };
  expect(job.tiptoe.script[0]).toBe("cd 'shop'");
  expect(parse(await read(cwd, '.gitlab-ci.yml'))).toEqual({ include: [{ local: '/.gitlab/tiptoe.yml' }] });
});

test('the command of the workflow lints what a branch changes', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  await installTiptoe(cwd);
  await init(cwd, '--yes', '--no-hook');
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'first');
  git(cwd, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
  await writeFiles(cwd, { 'migrations/002_index.sql': UNSAFE });
  const workflow = parse(await read(cwd, '.github/workflows/tiptoe.yml')) as {
    readonly jobs: { readonly lint: { readonly steps: readonly { readonly run?: string }[] } };
  };
  const summary = join(cwd, 'summary.md');
  const { status, stdout } = spawnSync('bash', ['-e', '-c', workflow.jobs.lint.steps.at(-1)?.run ?? ''], {
    cwd,
    encoding: 'utf8',
    env: { ...OFFLINE, GITHUB_BASE_REF: 'main', GITHUB_STEP_SUMMARY: summary },
  });
  expect(status).toBe(1);
  expect(stdout).toContain('::error file=migrations/002_index.sql,line=1');
  expect(await readFile(summary, 'utf8')).toContain('create-index-blocking');
});

test('the hook lets no unsafe migration through, and does not look where no SQL is committed', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  await installTiptoe(cwd);
  await init(cwd, '--yes', '--ci', 'none');
  const commit = (...paths: string[]): { status: number | null; output: string } => {
    git(cwd, 'add', ...paths);
    return git(cwd, 'commit', '--message', 'change');
  };
  expect(commit('migrations', 'tiptoe.config.json').status).toBe(0);
  await writeFiles(cwd, { 'migrations/002_index.sql': UNSAFE, 'notes.md': 'notes' });
  expect(commit('notes.md').status).toBe(0);
  const refused = commit('migrations');
  expect(refused.status).toBe(1);
  expect(refused.output).toContain('create-index-blocking');
  await writeFiles(cwd, { 'migrations/002_index.sql': UNSAFE.replace('INDEX', 'INDEX CONCURRENTLY') });
  expect(commit('migrations')).toMatchObject({ status: 0 });
});

test('the tool, the folder and the version are found', async () => {
  const cwd = await repository({
    'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    'prisma/migrations/20260101000000_users/migration.sql': TABLE,
    '.tool-versions': 'nodejs 22.1.0\npostgres 15.4\n',
    '.github/workflows/ci.yml': 'jobs:\n  test:\n    services:\n      db:\n        image: postgis/postgis:14-3.4\n',
  });
  const { code, stderr } = await init(cwd, '--yes', '--no-hook');
  expect(code).toBe(0);
  expect(stderr).toContain('Prisma');
  expect(stderr).toContain('.github/workflows/ci.yml has PostgreSQL 14, and .tool-versions has 15, which is taken.');
  expect(await config(cwd)).toEqual({ pgVersion: 15, dir: 'prisma/migrations', framework: 'prisma' });
});

test('what is there and differs is kept, unless --force says otherwise', async () => {
  const hook = '#!/bin/sh\nexit 0\n';
  const cwd = await repository({ 'migrations/001_users.sql': TABLE, '.git/hooks/pre-commit': hook });
  expect((await init(cwd, '--yes')).stdout).toContain(
    '.git/hooks/pre-commit is there and differs: kept (--force replaces it).',
  );
  expect(await read(cwd, '.git/hooks/pre-commit')).toBe(hook);
  expect((await init(cwd, '--yes', '--force')).stdout).toContain('replaced .git/hooks/pre-commit');
  expect(await read(cwd, '.git/hooks/pre-commit')).toContain('tiptoe');
});

test('a config of another form, a pipeline and pre-commit are left to their owners, who are told what to add', async () => {
  const cwd = await repository({
    'migrations/001_users.sql': TABLE,
    'tiptoe.config.yaml': 'pgVersion: 15\n',
    '.gitlab-ci.yml': 'test:\n  script: [make]\n',
    '.pre-commit-config.yaml': 'repos: []\n',
  });
  const { stdout, stderr } = await init(cwd, '--yes');
  expect(stderr).toContain('tiptoe.config.yaml is the config here, and is kept.');
  expect(stdout).toContain('take the job into .gitlab-ci.yml:\n\n    include:\n      - local: /.gitlab/tiptoe.yml\n');
  expect(stdout).toContain('add the hook to .pre-commit-config.yaml, under repos:\n\n      - repo: local\n');
  expect(stdout.match(/^wrote .*/gm)).toEqual(['wrote .gitlab/tiptoe.yml']);
});

test('on a terminal it shows a file and asks', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  const args = ['init', '--ci', 'none', '--no-hook', '--pg-version', '16'];
  const refused = await runOnTerminal(args, 'n\n', { cwd });
  expect(refused.stdout).toMatch(/tiptoe\.config\.json\r?\n {2}\{\r?\n {4}"pgVersion": 16,/);
  await expect(config(cwd)).rejects.toThrow('ENOENT');
  expect((await runOnTerminal(args, 'y\n', { cwd })).stdout).toContain('wrote tiptoe.config.json');
  expect(await config(cwd)).toEqual({ pgVersion: 16, dir: 'migrations' });
});

test('on a terminal, answers that were typed ahead are taken in their order', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  const { code, stdout } = await runOnTerminal(['init', '--no-hook'], '99\r16\rn\ry\r', { cwd, asks: /not known\) / });
  expect(code).toBe(0);
  expect(stdout).toContain("tiptoe: '99' is no version from 13 to 18.");
  expect(stdout).toContain('"pgVersion": 16,');
  expect(stdout.match(/^wrote .*?(?=\r?$)/gm)).toEqual(['wrote .github/workflows/tiptoe.yml']);
  await expect(config(cwd)).rejects.toThrow('ENOENT');
});

test.each(['\u0003', '\u0004'])('on a terminal, %j at a question ends it', async (key) => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  const { code, stdout } = await runOnTerminal(['init', '--pg-version', '16'], key, { cwd });
  expect(code).toBe(3);
  expect(stdout.match(/\[y\/N\]/g)).toHaveLength(1);
  expect(stdout).toContain('tiptoe: left before the end.');
});

test('a dry run writes nothing', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  const { code, stdout, stderr } = await init(cwd, '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('.github/workflows/tiptoe.yml\n  # Checks the migrations');
  expect(stderr).toContain('nothing was written (--dry-run).');
  expect(git(cwd, 'status', '--porcelain').output).toBe('?? migrations/\n');
});

test.each([
  ['without a terminal and --yes', [], {}, 'standard input is no terminal, so nobody can be asked.'],
  ['without migrations', ['--yes'], {}, 'there are no migrations here'],
  ['for an unknown CI', ['--yes', '--ci', 'jenkins'], {}, "--ci takes github, gitlab or none, not 'jenkins'."],
  [
    'for a folder that is a file',
    ['--yes'],
    { '.github': '', 'migrations/1.sql': TABLE },
    'cannot be written: a folder on its way is a file.',
  ],
  [
    'without anything of squawk',
    ['--yes', '--from', 'squawk'],
    { 'migrations/1.sql': TABLE },
    'there is no .squawk.toml, here or above',
  ],
  [
    'for a broken .squawk.toml',
    ['--yes', '--from', 'squawk'],
    { '.squawk.toml': 'a = 1\nb = [', 'migrations/1.sql': TABLE },
    '.squawk.toml:2: it is not TOML',
  ],
])('%s it says what to do in two lines', async (_, args, files, message) => {
  const cwd = await repository(files);
  const { code, stdout, stderr } = await init(cwd, ...args);
  expect(code).toBe(2);
  expect(stderr.split('tiptoe: ').at(-1)).toContain(message);
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('tiptoe: the version')),
  ).toHaveLength(2);
  expect(stdout).toBe('');
  expect(git(cwd, 'status', '--porcelain', '--ignored').output).not.toContain('tiptoe');
});

test('a folder that may not be written is told before anything is', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  await chmod(cwd, 0o555);
  // Root may write everywhere.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const bin = await programFor(user);
  const { status, stderr } = spawnSync(process.execPath, [bin, 'init', '--yes', '--no-hook'], {
    cwd,
    encoding: 'utf8',
    ...user,
  });
  await chmod(cwd, 0o755);
  expect(stderr).toContain('tiptoe.config.json cannot be written: permission denied.\n');
  expect(status).toBe(2);
});

test('--from squawk translates config and comments', async () => {
  const cwd = await repository({
    'migrations/001_users.sql': TABLE,
    'migrations/002_index.sql': [
      '-- squawk-ignore require-concurrent-index-creation -- it has 20 rows',
      UNSAFE.trimEnd(),
      '-- squawk-ignore',
      'DROP TABLE users;',
      '  -- squawk-ignore ban-drop-column, prefer-robust-stmts',
      'CREATE TABLE rates (id bigint PRIMARY KEY);',
      'SELECT 1 /* squawk-ignore ban-drop-table */ , 2;',
      '',
    ].join('\n'),
    'migrations/003_file.sql': '-- squawk-ignore-file renaming-table\nALTER TABLE rates RENAME TO prices;\n',
    '.squawk.toml': [
      'pg_version = "15.3"',
      'excluded_rules = ["changing-column-type", "adding-foreign-key-constraint", "prefer-robust-stmts", "nosuch"]',
      'included_rules = ["prefer-identity"]',
      'excluded_paths = ["migrations/001_users.sql", "legacy/*"]',
      'assume_in_transaction = true',
      '[upload_to_github]',
      'fail_on_violations = true',
    ].join('\n'),
  });
  const dry = await init(cwd, '--from', 'squawk', '--dry-run', '--no-hook', '--ci', 'none');
  expect(dry.stdout).toContain('   1 - -- squawk-ignore require-concurrent-index-creation -- it has 20 rows\n');
  const { code, stdout, stderr } = await init(cwd, '--from', 'squawk', '--yes', '--no-hook', '--ci', 'none');
  expect(code).toBe(0);
  expect(stdout).toContain('changed migrations/002_index.sql\nchanged migrations/003_file.sql\n');
  for (const told of [
    ".squawk.toml: excluded_rules: squawk has no rule 'nosuch' that tiptoe knows.",
    '.squawk.toml: prefer-robust-stmts has no counterpart.',
    '.squawk.toml: constraint-scan stays on: it also stands for constraint-missing-not-valid',
    '.squawk.toml: upload_to_github is not translated.',
    'migrations/002_index.sql:5: nothing is reported there, so the comment goes.',
    'migrations/002_index.sql:7: more of the line follows, so the comment is left as it is.',
  ]) {
    expect(stderr).toContain(told);
  }
  expect(await read(cwd, 'migrations/002_index.sql')).toBe(
    [
      '-- tiptoe-disable-next-statement create-index-blocking: it has 20 rows',
      UNSAFE.trimEnd(),
      '-- tiptoe-disable-next-statement drop-table: accepted before, for squawk',
      'DROP TABLE users;',
      'CREATE TABLE rates (id bigint PRIMARY KEY);',
      'SELECT 1 /* squawk-ignore ban-drop-table */ , 2;',
      '',
    ].join('\n'),
  );
  expect(await read(cwd, 'migrations/003_file.sql')).toMatch(
    /^-- tiptoe-disable-file rename-table: accepted before, for squawk\n/,
  );
  expect(await config(cwd)).toEqual({
    pgVersion: 15,
    dir: 'migrations',
    ignore: ['migrations/001_users.sql', 'legacy/**'],
    rules: { 'change-type-rewrite': 'off', 'serial-column': 'warning', 'type-change-breaks-plans': 'off' },
  });
  const linted = await runTiptoe(['lint', '--fail-on', 'warning'], { cwd });
  expect(linted).toMatchObject({ code: 0 });
});

test('nothing is reported of files that the config ignores, and what they make is known', async () => {
  const cwd = await repository({
    'migrations/001_users.sql': `${TABLE}CREATE TABLE old (id int);\n`,
    'migrations/002_legacy.sql': 'CREATE INDEX old_id ON old (id);\n',
    'migrations/003_index.sql': UNSAFE,
    'tiptoe.config.json': '{ "ignore": ["migrations/002_*.sql"] }',
  });
  const { stdout } = await runTiptoe(['lint', '--format', 'compact'], { cwd });
  expect(stdout).toMatch(/^migrations\/003_index\.sql:1:1: error: .*\[create-index-blocking\]$/m);
  expect(stdout).not.toContain('002_legacy');
});

/** Where another user can read it. */
async function programFor(user: object): Promise<string> {
  if (Object.keys(user).length === 0) return join(ROOT, 'bin/tiptoe.js');
  const folder = await mkdtemp(join(temporary.path, 'program-'));
  for (const name of ['bin', 'dist', 'package.json'])
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await chmod(folder, 0o755);
  return join(folder, 'bin/tiptoe.js');
}
