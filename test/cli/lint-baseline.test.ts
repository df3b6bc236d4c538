import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

vi.setConfig({ testTimeout: 60_000 });

const directory = ownTemporaryDirectory();
let cwd: string;

const NAME = '.tiptoe-baseline.json';
const lint = (...args: string[]) => runTiptoe(['lint', ...args], { cwd });
const write = (path: string, text: string): void => writeFileSync(join(cwd, path), text);
const baseline = (): { findings: { path: string; rule: string }[] } =>
  JSON.parse(readFileSync(join(cwd, NAME), 'utf8'));

beforeEach(() => {
  cwd = mkdtempSync(join(directory.path, 'repository-'));
  mkdirSync(join(cwd, 'migrations'));
  write('migrations/001.sql', 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n');
  write('migrations/002.sql', 'CREATE INDEX orders_total ON orders (total);\n');
  write('migrations/003.sql', 'ALTER TABLE orders DROP COLUMN total;\n');
});

test('what is there is accepted, wherever it moves; what comes later is not', async () => {
  const written = await lint('--write-baseline');
  expect(written).toMatchObject({ code: 0, stderr: `tiptoe: wrote ${NAME}: 2 accepted. Commit it.\n` });
  expect(written.stdout).toBe('✓ no findings in 3 files, 2 in the baseline\n');
  write(
    'migrations/002.sql',
    '-- moved\n\nCREATE INDEX orders_total\n  ON orders (total);\nCREATE INDEX other ON orders (id);\n',
  );
  const { code, stdout } = await runTiptoe(['lint', '.', '--format', 'json'], { cwd: join(cwd, 'migrations') });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ staleBaseline: [], summary: { errors: 1, baselined: 2 } });
  const { errors, warnings } = JSON.parse((await lint('--format', 'json', '--no-baseline')).stdout).summary;
  expect(errors + warnings).toBe(3);
});

test('stale entries are named in a warning, and go with the next baseline', async () => {
  await lint('--write-baseline');
  write('migrations/002.sql', 'SELECT 1;\n');
  rmSync(join(cwd, 'migrations/003.sql'));
  const { code, stderr } = await lint();
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^tiptoe: \.tiptoe-baseline\.json has 2 entries that match nothing any more: create-index-blocking in migrations\/002\.sql, drop-column in migrations\/003\.sql\. [^\n]+\n$/,
  );
  await lint('--write-baseline');
  expect(baseline().findings).toEqual([]);
  expect((await lint()).stderr).toBe('');
});

test('an entry is not stale where its rule does not look: off for all, for some files, or by default', async () => {
  const entry = (rule: string, path: string) => ({ path, rule, fingerprint: 'f' });
  const entries = [
    entry('drop-column', 'migrations/003.sql'),
    entry('drop-column', 'migrations/002.sql'),
    entry('wide-index', 'migrations/001.sql'),
    entry('gone-rule', 'migrations/001.sql'),
  ];
  const stale = async (config: object): Promise<string[]> => {
    write('tiptoe.config.json', JSON.stringify(config));
    write(NAME, JSON.stringify({ version: 1, findings: entries }));
    const { staleBaseline } = JSON.parse((await lint('--format', 'json')).stdout) as {
      staleBaseline: { rule: string; path: string }[];
    };
    return staleBaseline.map(({ rule, path }) => `${rule} ${path}`);
  };
  const rules = { 'drop-column': 'off' };
  const gone = 'gone-rule migrations/001.sql';
  expect(await stale({ overrides: [{ files: '003.sql', rules }] })).toEqual(['drop-column migrations/002.sql', gone]);
  expect(await stale({ ignore: ['migrations/002.sql', 'migrations/003.sql'] })).toEqual([gone]);
  expect(await stale({ rules })).toEqual([gone]);
  const on = { 'drop-column': 'warning', 'wide-index': 'warning' };
  const all = [
    'drop-column migrations/003.sql',
    'drop-column migrations/002.sql',
    'wide-index migrations/001.sql',
    gone,
  ];
  expect(await stale({ rules, overrides: [{ files: '**', rules: on }] })).toEqual(all);
});

test('linting one file leaves the entries of others alone', async () => {
  await lint('--write-baseline');
  expect((await lint('migrations/001.sql')).stderr).toBe('');
  await lint('migrations/003.sql', '--write-baseline');
  expect(baseline().findings.map(({ path }) => path)).toContain('migrations/002.sql');
});

test('two branches that mend different findings merge', async () => {
  const tables = Array.from({ length: 9 }, (_, n) => `DROP TABLE t${n};`);
  for (const [n, sql] of tables.entries()) write(`migrations/1${n}.sql`, sql);
  await lint('--write-baseline');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', cwd, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      stdio: 'ignore',
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
  for (const [branch, file] of [
    ['one', 'migrations/11.sql'],
    ['two', 'migrations/16.sql'],
  ] as const) {
    git('switch', '--quiet', '--create', branch, 'main');
    write(file, 'SELECT 1;\n');
    await lint('--write-baseline');
    git('commit', '--quiet', '--all', '--message', branch);
  }
  git('merge', '--quiet', 'one');
  const { code, stderr } = await lint();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

describe('bad input is one line, and what to do', () => {
  async function expectRefused(args: string[], says: RegExp): Promise<void> {
    const { code, stdout, stderr } = await lint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^tiptoe: [^\n]+\n {2}[^\n]+\n$/);
  }

  test.each([
    ['{', /is not JSON/],
    ['[]', /is no baseline that this version/],
    ['{"version":2,"findings":[]}', /is no baseline that this version/],
    ['{"version":1,"findings":[{"path":"a.sql"}]}', /is no baseline that this version/],
    ['{\n<<<<<<< HEAD\n=======\n>>>>>>> x\n}', /has merge conflicts/],
  ])('a baseline of %j', async (text, says) => {
    write(NAME, text);
    await expectRefused([], says);
  });

  test('one that is not there, a folder, a migration, a folder that is not there', async () => {
    await expectRefused(['--baseline', 'none.json'], /cannot read the baseline none\.json/);
    await expectRefused(['--baseline', 'migrations'], /cannot read the baseline migrations: it is a folder/);
    await expectRefused(['--write-baseline', 'migrations/001.sql'], /takes the file to write, and .* is SQL/);
    await expectRefused(['--write-baseline', 'migrations'], /takes the file to write, and .* is a folder/);
    await expectRefused(['--write-baseline', 'none/x.json'], /cannot write the baseline none\/x\.json/);
    write('package.json', '{"name":"x"}');
    await expectRefused(['--write-baseline', 'package.json'], /package\.json is no baseline/);
    expect(readFileSync(join(cwd, 'package.json'), 'utf8')).toBe('{"name":"x"}');
    await expectRefused(['--write-baseline', '--since', 'main'], /--since/);
  });
});
