import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { git, installTiptoe, makeRepository, OFFLINE, writeFiles } from '../support/repository.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

// npm is started many times.
vi.setConfig({ testTimeout: 60_000 });

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const temporary = ownTemporaryDirectory();

const TABLE = 'CREATE TABLE users (id bigint PRIMARY KEY, email text);\n';
const UNSAFE = 'CREATE INDEX users_email ON users (email);\n';

interface Step {
  readonly name: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as Action;
const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** A runner's folder, which stays for later steps. */
  readonly runner: string;
}

/** Runs a step as the runner does: its environment with the expressions filled in, its text as it stands, by bash. */
async function runStep(
  cwd: string,
  named: string,
  values: Readonly<Record<string, string>>,
  runner = '',
): Promise<Outcome> {
  const step = action.runs.steps.find(({ name }) => name === named);
  if (step?.run === undefined) throw new Error(`action.yml has no step '${named}' that is run`);
  const folder = runner === '' ? await mkdtemp(join(temporary.path, 'runner-')) : runner;
  const defaults = Object.entries(action.inputs).map(([name, input]) => [`inputs.${name}`, input.default] as const);
  const known: Readonly<Record<string, string>> = { ...Object.fromEntries(defaults), ...values };
  const env = Object.entries(step.env ?? {}).map(([name, text]) => [
    name,
    text.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => known[expression] ?? ''),
  ]);
  const own = { GITHUB_STEP_SUMMARY: join(folder, 'summary'), GITHUB_OUTPUT: join(folder, 'output') };
  const { status, stdout } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
    cwd,
    encoding: 'utf8',
    env: {
      ...OFFLINE,
      PATH: [join(cwd, 'bin'), process.env.PATH].join(delimiter),
      RUNNER_TEMP: folder,
      ...own,
      ...Object.fromEntries(env),
    },
  });
  const contentOf = async (path: string): Promise<string> => (existsSync(path) ? await readFile(path, 'utf8') : '');
  const outputs = (await contentOf(own.GITHUB_OUTPUT)).split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2));
  return {
    code: status,
    stdout,
    summary: await contentOf(own.GITHUB_STEP_SUMMARY),
    outputs: Object.fromEntries(outputs),
    runner: folder,
  };
}

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await makeRepository(temporary.path, files);
  await installTiptoe(cwd);
  return cwd;
}

const LINT = 'Lint the migrations';
const COMMENT = 'Comment on the pull request';
const VERDICT = 'Fail where there is something to fail for';

test('inputs reach scripts through the environment alone, actions are pinned, and the version is this one', () => {
  const { steps } = action.runs;
  for (const { run = '' } of steps) expect(run).not.toContain('${{');
  for (const uses of steps.flatMap((step) => step.uses ?? [])) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  expect(action.inputs['version']?.default).toBe(version);
});

test('the repository is linted, and the job fails in the end', async () => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE, 'migrations/002_index.sql': UNSAFE });
  const linted = await runStep(cwd, LINT, {});
  expect(linted).toMatchObject({ code: 0, outputs: { 'exit-code': '1' } });
  expect(linted.stdout).toContain('::error file=migrations/002_index.sql,line=1');
  expect(linted.summary).toContain('create-index-blocking');
  const sarif = JSON.parse(await readFile(linted.outputs['sarif'] ?? '', 'utf8')) as { readonly version: string };
  expect(sarif.version).toBe('2.1.0');
  expect((await runStep(cwd, VERDICT, { 'steps.lint.outputs.exit-code': '1' })).code).toBe(1);
  expect((await runStep(cwd, VERDICT, { 'steps.lint.outputs.exit-code': '0' })).code).toBe(0);
  expect((await runStep(cwd, VERDICT, {})).code).toBe(2);
});

test('paths, since and fail-on are taken', async () => {
  const cwd = await repository({ 'a dir/001_users.sql': TABLE, 'a dir/002_index.sql': UNSAFE });
  const paths = await runStep(cwd, LINT, { 'inputs.paths': 'a dir\n', 'inputs.fail-on': 'never' });
  expect(paths).toMatchObject({ outputs: { 'exit-code': '0' } });
  expect(paths.stdout).toContain('a dir/002_index.sql');
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'first');
  const since = await runStep(cwd, LINT, { 'inputs.paths': 'a dir', 'inputs.since': 'HEAD' });
  expect(since).toMatchObject({ outputs: { 'exit-code': '0' } });
  expect(since.stdout).not.toContain('::error');
});

test.each([
  ['paths', '$(touch pwned)\n`touch pwned`\n"; touch pwned; "\n--write-baseline'],
  ['since', '$(touch pwned)"; touch pwned; "'],
  ['fail-on', 'error" ; touch pwned ; "'],
  ['version', '0.1.0; touch pwned'],
])('the text of the input %s is never run', async (input, text) => {
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  const { code, outputs } = await runStep(cwd, LINT, { [`inputs.${input}`]: text });
  expect([code, outputs['exit-code']]).toEqual(input === 'version' ? [2, undefined] : [0, '2']);
  expect(existsSync(join(cwd, 'pwned'))).toBe(false);
  expect(existsSync(join(cwd, '.tiptoe-baseline.json'))).toBe(false);
});

test('code: false runs nothing that the repository brings, not even its tiptoe and its .npmrc', async () => {
  const evil = '#!/bin/sh\ntouch pwned\n';
  const files = {
    'migrations/001_users.sql': TABLE,
    'node_modules/tiptoe/package.json': JSON.stringify({ name: 'tiptoe', version, bin: 'evil.sh' }),
    'node_modules/tiptoe/evil.sh': evil,
    'node_modules/.bin/tiptoe': evil,
    '.npmrc': 'node-options=--require=./evil.cjs\n',
    'evil.cjs': "require('node:fs').writeFileSync('pwned', '');",
    // Stands for npm, which has no network here: it obeys the .npmrc of the folder that it is started in, and installs this very program.
    'bin/npm': `#!/bin/sh\n[ ! -f .npmrc ] || touch pwned\nmkdir node_modules && ln -s '${ROOT}' node_modules/tiptoe\n`,
  };
  const cwd = await makeRepository(temporary.path, files);
  for (const file of ['node_modules/tiptoe/evil.sh', 'node_modules/.bin/tiptoe', 'bin/npm'])
    await chmod(join(cwd, file), 0o755);
  const strange = await runStep(cwd, LINT, { 'inputs.code': 'false' });
  expect(strange).toMatchObject({ code: 0, outputs: { 'exit-code': '0' } });
  expect(strange.stdout).toContain('1 file');
  expect(existsSync(join(cwd, 'pwned'))).toBe(false);
  await writeFiles(cwd, {
    'tiptoe.config.ts': "import { writeFileSync } from 'node:fs';\nwriteFileSync('pwned', '');",
  });
  expect(await runStep(cwd, LINT, { 'inputs.code': 'false' })).toMatchObject({ outputs: { 'exit-code': '2' } });
  expect(existsSync(join(cwd, 'pwned'))).toBe(false);
  await runStep(cwd, LINT, {});
  expect(existsSync(join(cwd, 'pwned'))).toBe(true);
});

test('a comment is written once, and then changed', async () => {
  const cwd = await repository({
    'migrations/001_users.sql': TABLE,
    // Stands for GitHub: what it is asked goes into a file, and it knows one comment once that was written.
    'bin/gh':
      '#!/bin/sh\necho "$*" >> asked\ncase "$*" in *--paginate*) [ -f written ] && echo 7 || true;; *POST*) touch written;; esac\n',
  });
  await chmod(join(cwd, 'bin/gh'), 0o755);
  const { runner } = await runStep(cwd, LINT, {});
  const values = { 'inputs.token': 't', 'github.repository': 'shop/app', 'github.event.pull_request.number': '12' };
  for (let run = 0; run < 2; run++) expect((await runStep(cwd, COMMENT, values, runner)).code).toBe(0);
  const asked = (await readFile(join(cwd, 'asked'), 'utf8')).trimEnd().split('\n');
  const list = expect.stringContaining('api --paginate repos/shop/app/issues/12/comments');
  const body = `--field body=@${join(runner, 'tiptoe.md')}`;
  expect(asked).toEqual([
    list,
    `api --silent --method POST repos/shop/app/issues/12/comments ${body}`,
    list,
    `api --silent --method PATCH repos/shop/app/issues/comments/7 ${body}`,
  ]);
  // The mark by which it finds its comment.
  const mark = /startswith\("(.*)"\)/.exec(asked[0] ?? '')?.[1] ?? 'none';
  expect(await readFile(join(runner, 'tiptoe.md'), 'utf8')).toMatch(new RegExp(`^${mark}`));
});

test('the hook for pre-commit looks at what a commit adds', async () => {
  const [hook] = parse(await readFile(join(ROOT, '.pre-commit-hooks.yaml'), 'utf8')) as {
    readonly entry: string;
    readonly files: string;
    readonly pass_filenames: boolean;
  }[];
  expect(hook).toMatchObject({ files: String.raw`\.sql$`, pass_filenames: false });
  const cwd = await repository({ 'migrations/001_users.sql': TABLE });
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'first');
  await writeFiles(cwd, { 'migrations/002_index.sql': UNSAFE });
  git(cwd, 'add', '.');
  const [command = '', ...args] = hook?.entry.split(' ') ?? [];
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  expect(args).toContain(`tiptoe@${version}`);
  const run = () => spawnSync(command, args, { cwd, encoding: 'utf8', env: OFFLINE });
  expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining('create-index-blocking') });
  await writeFiles(cwd, { 'migrations/002_index.sql': UNSAFE.replace('INDEX', 'INDEX CONCURRENTLY') });
  expect(run()).toMatchObject({ status: 0, stdout: '' });
});
