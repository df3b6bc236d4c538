import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

vi.setConfig({ testTimeout: 60_000 });

const directory = ownTemporaryDirectory();
let cwd: string;

const CONFIG = ['user.name=a', 'user.email=a@example.com', 'commit.gpgsign=false'].flatMap((one) => ['-c', one]);

function git(...args: string[]): void {
  execFileSync('git', ['-C', cwd, ...CONFIG, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function write(path: string, text: string): void {
  writeFileSync(join(cwd, path), text);
}

function commit(message: string): void {
  git('add', '--all');
  git('commit', '--quiet', '--message', message);
}

/** main has a table and an old finding; a branch begins there. */
beforeEach(() => {
  cwd = mkdtempSync(join(directory.path, 'repository-'));
  git('init', '--quiet', '--initial-branch=main');
  mkdirSync(join(cwd, 'migrations'));
  write('migrations/001_orders.sql', 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n');
  write('migrations/002_old.sql', 'CREATE INDEX orders_total ON orders (total);\n');
  commit('main');
  git('switch', '--quiet', '--create', 'branch');
});

interface Found {
  readonly path: string;
  readonly findings: readonly { readonly rule: string; readonly line: number; readonly message: string }[];
}

async function found(...args: string[]): Promise<Record<string, string[]>> {
  const { stdout, stderr } = await runTiptoe(['lint', '--format', 'json', ...args], { cwd });
  expect(stderr).toBe('');
  const { files } = JSON.parse(stdout) as { files: readonly Found[] };
  return Object.fromEntries(files.map(({ path, findings }) => [path, findings.map(({ rule }) => rule)]));
}

const INDEX = 'CREATE INDEX orders_id ON orders (id, total);\n';

describe('--since', () => {
  test('what the tool does not run is left out of what a file was, too', async () => {
    const changelog = `--liquibase formatted sql\n--changeset a:1 dbms:h2\nDROP TABLE orders;\n--changeset a:2\nSELECT 1;\n`;
    write('migrations/003_changes.sql', changelog);
    commit('merged');
    git('branch', '--force', 'main');
    write('migrations/003_changes.sql', `${changelog}--changeset a:3\nSELECT 2;\n`);
    expect(await found('--since', 'main', 'migrations/003_changes.sql')).toEqual({ 'migrations/003_changes.sql': [] });
  });

  test('committed, staged, changed and untracked files are reported, by the schema that the others made', async () => {
    write('migrations/003_committed.sql', INDEX);
    commit('one');
    write('migrations/004_staged.sql', INDEX.replace('_id', '_id2'));
    git('add', '--all');
    write('migrations/005_untracked.sql', 'ALTER TABLE orders DROP COLUMN total;\n');
    expect(await found('--since', 'main')).toEqual({
      'migrations/003_committed.sql': ['create-index-blocking'],
      'migrations/004_staged.sql': ['create-index-blocking'],
      'migrations/005_untracked.sql': ['drop-column'],
    });
  });

  test('what came to main meanwhile is not ours', async () => {
    git('switch', '--quiet', 'main');
    write('migrations/003_theirs.sql', INDEX);
    commit('theirs');
    git('switch', '--quiet', 'branch');
    write('migrations/004_ours.sql', 'SELECT 1;\n');
    expect(await found('--since', 'main')).toEqual({ 'migrations/004_ours.sql': [] });
  });

  test('with nothing changed it says so', async () => {
    const { code, stdout } = await runTiptoe(['lint', '--since', 'main'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '✓ no findings in 0 files changed since main\n' });
  });

  test('works in a folder of the repository, and with names that git would quote', async () => {
    mkdirSync(join(cwd, 'migrations/00 "ü"\n'));
    write('migrations/00 "ü"\n/003.sql', INDEX);
    const { stdout } = await runTiptoe(['lint', '.', '--since', 'main', '--format', 'json'], {
      cwd: join(cwd, 'migrations'),
    });
    expect(JSON.parse(stdout).files.map(({ path }: Found) => path)).toEqual(['00 "ü"\n/003.sql']);
  });
});

describe('merged-migration-edited', () => {
  test('an edited one, at the first line that differs; a second time only for new line ends is none', async () => {
    write('migrations/001_orders.sql', 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n  SELECT 1;\n');
    write('migrations/002_old.sql', 'CREATE INDEX orders_total ON orders (total);\r\n');
    const { code, stdout } = await runTiptoe(['lint', '--since', 'main', '--format', 'compact'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain('migrations/001_orders.sql:2:3: error: ');
    expect(stdout.match(/merged-migration-edited/g)).toHaveLength(1);
  });

  test('a deleted and a renamed one', async () => {
    rmSync(join(cwd, 'migrations/002_old.sql'));
    renameSync(join(cwd, 'migrations/001_orders.sql'), join(cwd, 'migrations/009_orders.sql'));
    git('add', '--all');
    const { stdout } = await runTiptoe(['lint', '--since', 'main', '--format', 'json'], { cwd });
    const messages = (JSON.parse(stdout).files as Found[]).flatMap(({ findings }) =>
      findings.filter(({ rule }) => rule === 'merged-migration-edited').map(({ message }) => message),
    );
    expect(messages.sort()).toEqual([
      'migrations/001_orders.sql is merged already, and was renamed to migrations/009_orders.sql',
      'migrations/002_old.sql is merged already, and was deleted',
    ]);
  });

  test('not for down files, other files, or those that Flyway runs again', async () => {
    for (const name of ['migrations/003.down.sql', 'migrations/R__view.sql', 'query.sql']) write(name, 'SELECT 1;\n');
    commit('more');
    git('branch', '--force', 'main');
    write('migrations/R__view.sql', 'SELECT 2;\n');
    for (const name of ['migrations/003.down.sql', 'query.sql']) rmSync(join(cwd, name));
    expect(await found('--since', 'main')).toEqual({ 'migrations/R__view.sql': [] });
  });

  test('only where it is on, and not without --since', async () => {
    write('migrations/001_orders.sql', 'CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n');
    write('tiptoe.config.json', JSON.stringify({ rules: { 'merged-migration-edited': 'off' } }));
    expect(await found('--since', 'main')).toEqual({ 'migrations/001_orders.sql': [] });
    rmSync(join(cwd, 'tiptoe.config.json'));
    expect((await found())['migrations/001_orders.sql']).toEqual([]);
  });
});

describe('what --since cannot work with is one line, and what to do', () => {
  async function expectRefused(args: string[], says: RegExp, options: { cwd?: string; PATH?: string } = {}) {
    const { code, stdout, stderr } = await runTiptoe(['lint', ...args], {
      cwd: options.cwd ?? cwd,
      env: options.PATH === undefined ? {} : { PATH: options.PATH },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^tiptoe: [^\n]+\n {2}[^\n]+\n$/);
  }

  test('a ref that does not exist, and one that is only at the remote', async () => {
    await expectRefused(['--since', 'nope'], /there is no branch, tag or commit 'nope'/);
    git('update-ref', 'refs/remotes/origin/release', 'HEAD');
    await expectRefused(['--since', 'release'], /Did you mean origin\/release\?/);
  });

  test('a ref that git would take for an option', async () => {
    for (const ref of ['--output=pwned', '-p', '', 'x\n--all'])
      await expectRefused([`--since=${ref}`], /there is no branch, tag or commit '/);
    expect((await runTiptoe(['lint', '--since=$(touch pwned)'], { cwd })).code).toBe(2);
    expect(existsSync(join(cwd, 'pwned'))).toBe(false);
  });

  test('a shallow clone without the merge base', async () => {
    write('migrations/003.sql', INDEX);
    commit('one');
    const shallow = join(directory.path, `shallow-${Date.now()}`);
    const from = pathToFileURL(cwd).href;
    execFileSync('git', ['clone', '--quiet', '--depth=1', '--no-single-branch', from, shallow], { stdio: 'ignore' });
    await expectRefused(['--since', 'origin/main'], /this shallow clone does not reach back[\s\S]*fetch-depth: 0/, {
      cwd: shallow,
    });
    await expectRefused(['--since', 'v1'], /in this shallow clone[\s\S]*--unshallow/, { cwd: shallow });
  });

  test('no common history, no commit, no repository, no git', async () => {
    git('switch', '--quiet', '--orphan', 'other');
    git('commit', '--quiet', '--allow-empty', '--message', 'other');
    await expectRefused(['--since', 'main'], /main and HEAD have no commit in common/);
    const bare = mkdtempSync(join(directory.path, 'none-'));
    await expectRefused(['--since', 'main'], /needs a git repository/, { cwd: bare });
    execFileSync('git', ['init', '--quiet', bare]);
    await expectRefused(['--since', 'main'], /there is no commit yet/, { cwd: bare });
    await expectRefused(['--since', 'main'], /git, which is not installed/, { PATH: bare });
  });
});
