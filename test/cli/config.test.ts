import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyseOptions } from '../../src/cli/analyse-options.ts';
import { type Config, type ConfigFlags, readConfig } from '../../src/cli/config.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { lint } from '../../src/lint/engine.ts';
import { Problem } from '../../src/problem.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

/** A repository with these files. */
async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(directory.path, 'repository-'));
  await mkdir(join(root, '.git'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

/** The config of paths in it. */
async function configOf(root: string, paths: readonly string[], flags: ConfigFlags = {}): Promise<Config> {
  return readConfig(
    flags,
    paths.map((path) => join(root, path)),
  );
}

/** What is told instead of a config: each line, with paths as if one stood in the repository. */
async function refusal(root: string, paths: readonly string[] = ['1.sql'], flags: ConfigFlags = {}): Promise<string[]> {
  const error = await configOf(root, paths, flags).then(
    () => null,
    (problem: unknown) => problem,
  );
  if (!(error instanceof Problem)) throw new Error('not refused', { cause: error });
  return [error.message, ...error.details, error.advice ?? ''].map((line) =>
    line.replaceAll(`${relative(process.cwd(), root).replaceAll('\\', '/')}/`, ''),
  );
}

const SOFT = { 'create-index-blocking': 'warning' };

describe('a config is read', () => {
  test.each([
    ['tiptoe.config.json', '{ "rules": { "create-index-blocking": "warning" } }'],
    ['tiptoe.config.jsonc', '{\n  // Tables are small.\n  "rules": { "create-index-blocking": "warning", },\n}'],
    ['tiptoe.config.yaml', '# Tables are small.\nrules:\n  create-index-blocking: warning\n'],
    ['tiptoe.config.yml', 'rules: { create-index-blocking: warning }'],
    [
      'tiptoe.config.ts',
      "const level: 'warning' = 'warning';\nexport default { rules: { 'create-index-blocking': level } };",
    ],
    ['tiptoe.config.mjs', "export default { rules: { 'create-index-blocking': 'warning' } };"],
    ['tiptoe.config.cjs', "module.exports = { rules: { 'create-index-blocking': 'warning' } };"],
    ['package.json', '{ "name": "shop", "tiptoe": { "rules": { "create-index-blocking": "warning" } } }'],
  ])('from %s', async (name, text) => {
    const root = await repository({ [name]: text, 'db/migrations/1.sql': '' });
    for (const path of ['db/migrations', 'db/migrations/1.sql', '.'])
      expect((await configOf(root, [path])).severities).toEqual(SOFT);
    expect((await configOf(root, [], { config: join(root, name) })).severities).toEqual(SOFT);
    expect((await configOf(root, [], { dir: join(root, 'db') })).severities).toEqual(SOFT);
  });

  test('upwards from the files, and no further than their repository', async () => {
    const root = await repository({
      'tiptoe.config.json': '{ "rules": { "create-index-blocking": "off" } }',
      'inner/.git': 'gitdir: elsewhere',
      'inner/migrations/1.sql': '',
      'other/tiptoe.config.yaml': 'rules: { create-index-blocking: warning }',
      'other/1.sql': '',
    });
    expect((await configOf(root, ['inner/migrations'])).file).toBeNull();
    expect((await configOf(root, ['other/1.sql', 'other'])).severities).toEqual(SOFT);
    const [message] = await refusal(root, ['other/1.sql', 'inner/migrations']);
    expect(message).toBe('the files have different configs: other other/tiptoe.config.yaml, inner/migrations none.');
  });

  test('one a folder: of two, both are named', async () => {
    const other = { 'package.json': '{ "tiptoe": {} }' };
    const both = await repository({ 'tiptoe.config.yaml': '', 'tiptoe.config.ts': 'export default {};', ...other });
    expect((await refusal(both))[0]).toBe('tiptoe.config.yaml and tiptoe.config.ts both hold a config.');
    const code = await repository({ 'tiptoe.config.ts': 'export default {};', ...other });
    expect((await refusal(code))[0]).toBe('tiptoe.config.ts and package.json both hold a config.');
  });

  test('an empty one decides nothing', async () => {
    for (const files of [{ 'tiptoe.config.yaml': '' }, { 'tiptoe.config.json': '\uFEFF{}' }]) {
      const config = await configOf(await repository(files), ['.']);
      expect(config).toMatchObject({ severities: {}, overrides: [], pgVersion: undefined, ownRules: [] });
    }
  });
});

describe('what is wrong with a config', () => {
  const TEN = {
    jsonc: `{
  "pgVersoin": 16,
  "pgVersion": 12,
  "dir": 7,
  "constructor": {},
  "extends": ["recomended"],
  "rules": {
    "wide-tabel": "error",
    "table-rewrite": "loud",
    "wide-table": ["warning", { "colums": 80, "columns": 0 }],
  },
  "environments": { "production": { "databaseUrlEnv": "postgres://me@db/shop" } }, // a name, please
}`,
    yaml: `
pgVersoin: 16
pgVersion: 12
dir: 7
constructor: {}
extends: [recomended]
rules:
  wide-tabel: error
  table-rewrite: loud
  wide-table: [warning, { colums: 80, columns: 0 }]

environments: { production: { databaseUrlEnv: "postgres://me@db/shop" } }
`,
  };
  const SAYS = [
    [2, "there is no setting 'pgVersoin', did you mean 'pgVersion'?"],
    [3, 'pgVersion: must be a whole number from 13 to 18'],
    [4, 'dir: must be text'],
    [5, "there is no setting 'constructor'"],
    [6, 'extends.0: must be "recommended", "strict", "style"'],
    [8, "there is no rule 'wide-tabel', did you mean 'wide-table'?"],
    [9, 'rules.table-rewrite: must be "off", "warning" or "error"'],
    [10, 'rules.wide-table.1.columns: must be a whole number from 1'],
    [10, "there is no setting 'rules.wide-table.1.colums', did you mean 'columns'?"],
    [12, 'environments.production.databaseUrlEnv: must be the name of an environment variable, not the URL itself'],
  ] as const;

  test.each(Object.entries(TEN))('ten errors show ten, each with its line (%s)', async (extension, text) => {
    const name = `tiptoe.config.${extension}`;
    expect(await refusal(await repository({ [name]: text }))).toEqual([
      `${name} has 10 errors.`,
      ...SAYS.map(([line, message]) => `${name}:${line}: ${message}`),
      'Correct the file; tiptoe rules lists the rules.',
    ]);
  });

  test('is told without lines where it is code', async () => {
    const config = 'export default { pgVersion: 12, dirr: "x" };';
    expect(await refusal(await repository({ 'tiptoe.config.ts': config }))).toEqual([
      'tiptoe.config.ts has 2 errors.',
      'tiptoe.config.ts: pgVersion: must be a whole number from 13 to 18',
      "tiptoe.config.ts: there is no setting 'dirr', did you mean 'dir'?",
      'Correct the file; tiptoe rules lists the rules.',
    ]);
  });

  test.each([
    ['tiptoe.config.json', '{\n  "pgVersion": 16,\n}', /^tiptoe\.config\.json is not JSON: .* \(line 3\)\.$/],
    [
      'tiptoe.config.json',
      '{\n  // sixteen\n  "pgVersion": 16\n}',
      /^tiptoe\.config\.json is not JSON: .* \(line 2\)\.$/,
    ],
    ['tiptoe.config.jsonc', '{\n  "pgVersion": ,\n}', /^tiptoe\.config\.jsonc:2: value expected$/],
    ['tiptoe.config.yaml', 'rules:\n  a: [', /^tiptoe\.config\.yaml:2: /],
    ['tiptoe.config.yaml', 'rules: *none', /^tiptoe\.config\.yaml is not YAML: .*none\.$/],
    ['tiptoe.config.ts', 'export default {', /^tiptoe\.config\.ts cannot be loaded: /],
    ['tiptoe.config.ts', 'throw new Error("no such luck");', /^tiptoe\.config\.ts cannot be loaded: no such luck\.$/],
    ['tiptoe.config.json', '[]', /^tiptoe\.config\.json holds a list, not settings\.$/],
    ['tiptoe.config.yaml', 'sixteen', /^tiptoe\.config\.yaml:1: the config must be an object\.$/],
    ['package.json', '{\n  "tiptoe": { "pgVersion": 12 } }', /^package\.json:2: pgVersion: must be a whole number/],
    ['package.json', '{ "tiptoe": ', /^package\.json is not JSON: /],
  ])('is clear: %s %j', async (name, text, says) => {
    const lines = await refusal(await repository({ [name]: text }));
    expect(lines.filter((line) => says.test(line))).toHaveLength(1);
  });

  test('is one line where it is nested too deeply', async () => {
    const root = await repository({ 'tiptoe.config.json': '['.repeat(100_000) });
    expect((await refusal(root))[0]).toBe('the config is nested too deeply.');
  });

  test.each([
    ['none.ts', 'cannot read the config file none.ts: there is no such file or folder.'],
    ['folder.json', 'cannot read the config file folder.json: it is a folder.'],
    ['package.json', 'package.json has no key "tiptoe".'],
    ['null/package.json', 'null/package.json has no key "tiptoe".'],
  ])('also where --config names it: %s', async (name, says) => {
    const root = await repository({ 'package.json': '{}', 'folder.json/x': '', 'null/package.json': 'null' });
    expect((await refusal(root, [], { config: join(root, name) }))[0]).toBe(says);
  });

  test('a kind of file that is not read', async () => {
    await expect(readConfig({ config: 'config.toml' })).rejects.toThrow(
      'config.toml is no config file that tiptoe reads',
    );
  });
});

describe('rules', () => {
  const read = async (config: unknown): Promise<{ root: string; config: Config }> => {
    const root = await repository({ 'tiptoe.config.json': JSON.stringify(config) });
    return { root, config: await configOf(root, ['.']) };
  };

  /** What is found, as `rule severity`. */
  const found = async (given: unknown, sql: string, path = 'migrations/1.sql'): Promise<string[]> => {
    await loadParser();
    const { root, config } = await read(given);
    const files = lint([parseScript(join(root, path), sql)], emptyCatalog(), analyseOptions(config, 18));
    return files.flatMap(({ findings }) => findings.map(({ rule, severity }) => `${rule} ${severity}`));
  };

  test('presets add rules, and what the config says of a rule has the last word', async () => {
    const styled = 'CREATE TABLE scores (id bigint PRIMARY KEY, grade char(3));';
    expect(await found({}, styled)).toEqual([]);
    expect(await found({ extends: ['recommended'] }, styled)).toEqual([]);
    expect(await found({ extends: ['strict'] }, styled)).toEqual([]);
    expect(await found({ extends: ['style'] }, styled)).toEqual(['char-column warning']);
    expect(await found({ extends: ['style'], rules: { 'char-column': 'error' } }, styled)).toEqual([
      'char-column error',
    ]);
    expect(await found({ extends: ['style'] }, 'CREATE TABLE scores (a int);')).toEqual([]);
    expect(await found({ extends: ['strict'] }, 'CREATE TABLE scores (a int);')).toEqual(['no-primary-key warning']);
  });

  test('options are those that the rule declares', async () => {
    const wide = 'CREATE TABLE scores (id bigint PRIMARY KEY, a int, b int, c int);';
    expect(await found({ rules: { 'wide-table': 'error' } }, wide)).toEqual([]);
    expect(await found({ rules: { 'wide-table': ['error', { columns: 3 }] } }, wide)).toEqual(['wide-table error']);
    expect(await found({ rules: { 'wide-table': ['error', { columns: 4 }] } }, wide)).toEqual([]);
    const money = 'CREATE TABLE orders (id bigint PRIMARY KEY, betrag float8, total float8);';
    expect(await found({ rules: { 'float-for-money': ['error', { words: ['Betrag'] }] } }, money)).toHaveLength(1);
    const index = 'CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE INDEX i ON t (id, a);';
    expect(await found({ rules: { 'wide-index': ['warning', { columns: 1 }] } }, index)).toEqual([
      'wide-index warning',
    ]);
    const events =
      'CREATE TABLE audit_events (id bigint PRIMARY KEY, payload jsonb, created_at timestamptz DEFAULT now());';
    expect(await found({}, events)).toEqual(['write-heavy-table error']);
    expect(await found({ rules: { 'write-heavy-table': ['error', { weight: 100 }] } }, events)).toEqual([]);
  });

  test.each([
    ['migrations/old/*.sql', true],
    ['migrations/old/', true],
    ['1.sql', true],
    ['**/old/**', true],
    ['./migrations/**', true],
    [['migrations/**', '!**/old/**'], false],
    [['*.sql', '!1.sql'], false],
    ['old/*.sql', false],
    ['*/1.sql', false],
  ])('overrides are for the files of a glob: %j', async (files, applies) => {
    const rules = { 'create-index-blocking': 'off' };
    const config = { rules: SOFT, overrides: [{ files, rules }] };
    expect(await found(config, 'CREATE INDEX ON orders (total);', 'migrations/old/1.sql')).toEqual(
      applies ? [] : ['create-index-blocking warning'],
    );
  });

  test('of several overrides, the last has the last word', async () => {
    const overrides = ['error', 'warning'].map((level) => ({
      files: '*.sql',
      rules: { 'create-index-blocking': level },
    }));
    expect(await found({ overrides }, 'CREATE INDEX ON orders (total);')).toEqual(['create-index-blocking warning']);
  });
});
