import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { discoverFolder, findFiles } from '../../src/migrate/discovery.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { detectTool } from '../../src/migrate/tool.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { notForServer } from '../../src/sql/not-for-server.ts';
import { parseScript } from '../../src/sql/script.ts';
import type { Script } from '../../src/sql/statement.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

beforeAll(loadParser);

const directory = ownTemporaryDirectory();

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await mkdtemp(join(directory.path, 'fills-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return cwd;
}

/** The first migration of a folder, as `lint` reads it. */
async function linted(
  files: Readonly<Record<string, string>>,
  variables: Record<string, string> = {},
): Promise<Script> {
  const cwd = await folder(files);
  const options = {
    cwd,
    stdin: undefined,
    tool: detectTool(cwd, ['sql'], 'auto'),
    recognise: true,
    side: 'up',
  } as const;
  const [file] = readMigrations(findFiles(['sql'], cwd), options).files;
  if (file === undefined) throw new Error('no migration');
  return parseScript(file.path, file.text, variables, undefined, file.fills);
}

const told = ({ standIns }: Script): string[] => standIns.map(({ placeholder }) => placeholder);
const texts = ({ statements }: Script): string[] => statements.map(({ text }) => text);

const SQL = `SELECT '\${schema}', "\${Who}" -- \${comment}\n FROM \${schema}.t;\nDO $$ BEGIN RAISE NOTICE '\${who}'; END $$;\nSELECT 1;\n`;

describe('Flyway', () => {
  test('fills what its config says, in whatever case, and the rest is told', async () => {
    for (const [name, config] of [
      ['flyway.conf', 'flyway.locations=filesystem:sql\nflyway.placeholders.Schema=app\n'],
      ['flyway.toml', '[flyway]\nlocations = ["filesystem:sql"]\n[flyway.placeholders]\nschema = "app" # ours\n'],
      ['flyway.toml', '[flyway]\nlocations = ["filesystem:sql"]\nplaceholders.schema = "app"\n'],
    ] as const) {
      const script = await linted({ [name]: config, 'sql/V1__a.sql': SQL });
      expect(texts(script)).toEqual([
        `SELECT 'app', "\${Who}" -- \${comment}\n FROM app.t`,
        `DO $$ BEGIN RAISE NOTICE '\${who}'; END $$`,
        'SELECT 1',
      ]);
      expect(told(script)).toEqual(['${Who}', '${who}']);
      for (const { placeholder, range } of script.standIns) expect(SQL.slice(range.start, range.end)).toBe(placeholder);
      expect(script.statements.map(({ range }) => SQL.slice(range.start, range.end).slice(-6))).toEqual([
        'ema}.t',
        'END $$',
        'LECT 1',
      ]);
    }
  });

  test('has its values in the settings of Spring', async () => {
    const files = { 'src/main/resources/db/migration/V1__a.sql': SQL, 'sql/V1__a.sql': SQL };
    const config = { locations: 'filesystem:sql', schema: 'app' };
    for (const [name, text] of [
      [
        'application.properties',
        `spring.flyway.locations=${config.locations}\nspring.flyway.placeholders.schema=${config.schema}\n`,
      ],
      [
        'application.yml',
        `spring:\n  flyway:\n    locations: ${config.locations}\n    placeholders:\n      schema: ${config.schema}\n      other: x\n    group: true\n`,
      ],
    ] as const) {
      const script = await linted({ ...files, [`src/main/resources/${name}`]: text });
      expect(told(script)).toEqual(['${Who}', '${who}']);
    }
  });

  test('--var goes before its config', async () => {
    const script = await linted(
      { 'flyway.conf': 'flyway.locations=sql\nflyway.placeholders.schema=app\n', 'sql/V1__a.sql': SQL },
      { schema: 'mine', Who: 'me', who: 'me' },
    );
    expect(texts(script)[0]).toContain(`'mine', "me"`);
    expect(told(script)).toEqual([]);
  });

  test('has other marks, or none, where its config says so', async () => {
    const text = "SELECT '@{a}', '${b}', '@{c}';";
    const marks = 'flyway.locations=sql\nflyway.placeholderPrefix=@{\nflyway.placeholders.a=1\n';
    const script = await linted({ 'flyway.conf': marks, 'sql/V1__a.sql': text });
    expect([texts(script), told(script)]).toEqual([["SELECT '1', '${b}', '@{c}'"], ['@{c}']]);
    const off = { 'flyway.conf': 'flyway.locations=sql\nflyway.placeholderReplacement=false\n', 'sql/V1__a.sql': text };
    expect(told(await linted(off))).toEqual([]);
    const offHere = { 'flyway.conf': 'flyway.locations=sql\n', 'sql/V1__a.sql.conf': 'placeholderReplacement=false' };
    expect(told(await linted({ ...offHere, 'sql/V1__a.sql': text }))).toEqual([]);
  });
});

test('goose fills between its marks', async () => {
  const text =
    "-- +goose Up\nSELECT '${a}';\n-- +goose ENVSUB ON\nSELECT '$b', '${c:-d}', $q$x$q$;\n-- +goose ENVSUB OFF\nSELECT '$e';\n";
  expect(told(await linted({ 'sql/1_a.sql': text }))).toEqual(['$b', '${c:-d}']);
});

test('Liquibase fills with its parameters', async () => {
  const text = "--liquibase formatted sql\n--changeset a:1\nSELECT '${a}', '${b}';\n";
  const script = await linted({ 'liquibase.properties': 'parameter.a=1\n', 'sql/1_a.sql': text });
  expect([texts(script), told(script)]).toEqual([["SELECT '1', '${b}'"], ['${b}']]);
});

test('graphile-migrate fills the names in its config', async () => {
  const config = '{\n  "migrationsFolder": "sql",\n  "placeholders": { ":APP": "app", ":AUTH": "!ENV" }\n}\n';
  const text = "SELECT ':APP', ':AUTH', ':OTHER', ':DATABASE_NAME' FROM :APP.t;\n";
  const script = await linted({ '.gmrc': config, 'sql/committed/000001.sql': text });
  expect(texts(script)).toEqual(["SELECT 'app', ':AUTH', ':OTHER', ':DATABASE_NAME' FROM app.t"]);
  expect(told(script)).toEqual([':AUTH', ':DATABASE_NAME']);
});

describe('apply', () => {
  async function refused(files: Readonly<Record<string, string>>): Promise<string | undefined> {
    const [file] = await discoverFolder('sql', await folder(files));
    if (file === undefined) throw new Error('no migration');
    return notForServer(parseScript(file.path, file.text, {}, undefined, file.fills))?.what;
  }

  test('refuses what a tool would have filled, also in quotes', async () => {
    const sql = { 'sql/V1__a.sql': "SELECT '${a}', '${b}';" };
    const conf = 'flyway.locations=sql\nflyway.placeholders.a=1\n';
    expect(await refused({ ...sql, 'flyway.conf': conf })).toBe('the placeholder ${b}, which has no value');
    expect(await refused({ ...sql, 'flyway.conf': `${conf}flyway.placeholders.b=2\n` })).toBeUndefined();
    expect(await refused({ 'sql/1_a.sql': "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '$b';" })).toBe(
      'the placeholder $b, which has no value',
    );
  });

  test('takes for what is meant what no tool fills', async () => {
    expect(await refused({ 'sql/V1__a.sql': "SELECT '${a}';" })).toBeUndefined();
    expect(await refused({ 'sql/1_a.sql': "-- +goose Up\nSELECT '$b', '${c}';" })).toBeUndefined();
  });
});
