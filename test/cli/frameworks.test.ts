import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

vi.setConfig({ testTimeout: 60_000 });

const FIXTURES = fileURLToPath(new URL('../../fixtures/frameworks/', import.meta.url));
const PIPED = fileURLToPath(new URL('../../fixtures/piped/', import.meta.url));
const directory = ownTemporaryDirectory();

const fixture = (name: string): string => `${FIXTURES}${name}`;

async function folder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const cwd = await mkdtemp(join(directory.path, 'folder-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return cwd;
}

interface Found {
  readonly path: string;
  readonly findings: readonly { readonly rule: string; readonly why: string; readonly instead: string }[];
}

async function findings(cwd: string, ...args: string[]): Promise<{ readonly files: readonly Found[]; stderr: string }> {
  const { stdout, stderr } = await runTiptoe(['lint', '--format', 'json', '--fail-on', 'never', ...args], { cwd });
  return { files: (JSON.parse(stdout) as { files: Found[] }).files, stderr };
}

const rulesIn = (files: readonly Found[]): string[] =>
  files.flatMap(({ findings }) => findings.map(({ rule }) => rule));

describe('the tool in use', () => {
  test('is told in one line for a person, and not for a machine or when quiet', async () => {
    const LINE =
      'tiptoe: Prisma migrations in prisma/migrations (each file is one query: a transaction, unless it is a single statement)\n';
    const cwd = fixture('prisma');
    for (const command of ['lint', 'explain']) {
      expect((await runTiptoe([command], { cwd })).stderr).toBe(LINE);
      expect((await runTiptoe([command, '--quiet'], { cwd })).stderr).toBe('');
      expect((await runTiptoe([command, '--format', 'json'], { cwd })).stderr).toBe('');
    }
  });

  test('judges what may run in its transaction, and says how it is written with it', async () => {
    const { files } = await findings(fixture('goose'));
    expect(
      files.flatMap(({ findings }) => findings).find(({ rule }) => rule === 'concurrently-in-transaction'),
    ).toMatchObject({
      why: 'goose runs each file in one transaction, and PostgreSQL refuses it there: all of it is rolled back.',
      instead: 'Give it a file of its own with the line -- +goose NO TRANSACTION.',
    });
  });

  test('is found for files that are named, also from above and from below', async () => {
    const name = 'prisma/migrations/20260102090000_note/migration.sql';
    for (const [cwd, path] of [
      [fixture('prisma'), name],
      [FIXTURES, `prisma/${name}`],
      [fixture('prisma/prisma'), name.slice('prisma/'.length)],
    ] as const) {
      expect(rulesIn((await findings(cwd, path)).files), cwd).toContain('concurrently-in-transaction');
    }
  });

  test('is that of the only package that has one; of several, one has to be named', async () => {
    const file = 'prisma/migrations/1_a/migration.sql';
    const prisma = (at: string) => ({ [`${at}/prisma/schema.prisma`]: '', [`${at}/${file}`]: 'SELECT 1;' });
    const cwd = await folder({ 'package.json': '{}', ...prisma('apps/api') });
    expect((await findings(cwd)).files.map(({ path }) => path)).toEqual([`apps/api/${file}`]);
    const several = await folder({ ...prisma('apps/api'), ...prisma('apps/web') });
    expect(await runTiptoe(['lint'], { cwd: several })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'There are several folders of migrations: apps/api/prisma/migrations (Prisma), apps/web/prisma/migrations (Prisma).',
      ),
    });
  });

  test('is what --framework or the config says', async () => {
    const file = { 'm/1_a.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);\nCREATE INDEX CONCURRENTLY ON a (id);\n' };
    const cwd = await folder(file);
    expect(rulesIn((await findings(cwd, 'm')).files)).not.toContain('concurrently-in-transaction');
    expect(rulesIn((await findings(cwd, '--framework', 'diesel', 'm/1_a.sql')).files)).toContain(
      'concurrently-in-transaction',
    );
    const configured = await folder({ ...file, 'tiptoe.config.json': '{ "framework": "sqlx" }' });
    expect(rulesIn((await findings(configured, 'm')).files)).toContain('concurrently-in-transaction');
    expect(rulesIn((await findings(configured, 'm', '--framework', 'none')).files)).not.toContain(
      'concurrently-in-transaction',
    );
    expect(await runTiptoe(['lint', '--framework', 'prism'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tiptoe: there is no framework 'prism', did you mean 'prisma'\?\n {2}Known are /),
    });
  });
});

describe('what is pending together', () => {
  const JOURNAL = JSON.stringify({
    dialect: 'postgresql',
    entries: ['0000_a', '0001_b', '0002_c'].map((tag, idx) => ({ idx, tag })),
  });
  const DRIZZLE = {
    'drizzle/meta/_journal.json': JOURNAL,
    'drizzle/0000_a.sql': 'CREATE TABLE a (id bigint PRIMARY KEY, x int);',
    'drizzle/0001_b.sql': 'ALTER TABLE a ADD COLUMN y int;',
    'drizzle/0002_c.sql': '-- waits\nUPDATE a SET y = x;',
  };
  const HELD = 'Line 1 of drizzle/0001_b.sql took AccessExclusiveLock';

  async function held(cwd: string, ...args: string[]): Promise<string[]> {
    const { files } = await findings(cwd, ...args);
    return files.flatMap(({ findings }) =>
      findings.flatMap(({ rule, why }) => (rule === 'lock-held-during-work' ? [why] : [])),
    );
  }

  test('keeps its locks to the end, where the tool runs it in one transaction', async () => {
    const cwd = await folder(DRIZZLE);
    // Of a whole history nobody knows what is pending.
    expect(await held(cwd)).toEqual([]);
    expect(await held(cwd, 'drizzle/0001_b.sql', 'drizzle/0002_c.sql', '--schema', 'drizzle/0000_a.sql')).toEqual([
      expect.stringContaining(HELD),
    ]);
    expect(
      await held(
        cwd,
        'drizzle/0001_b.sql',
        'drizzle/0002_c.sql',
        '--schema',
        'drizzle/0000_a.sql',
        '--framework',
        'none',
      ),
    ).toEqual([]);
  });

  test('is what changed, with --since', async () => {
    const { 'drizzle/0000_a.sql': first, ...later } = DRIZZLE;
    const cwd = await folder({ 'drizzle/0000_a.sql': first });
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', cwd, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        stdio: 'ignore',
      });
    git('init', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--message', 'main');
    for (const [path, text] of Object.entries(later)) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), text);
    }
    expect(await held(cwd, '--since', 'main')).toEqual([expect.stringContaining(HELD)]);
  });
});

test('--down looks at what takes the migrations back, the newest first, on top of what they made', async () => {
  const { files } = await findings(fixture('goose'), '--down');
  expect(files.map(({ path }) => path)).toEqual([
    'migrations/00003_note.sql',
    'migrations/00002_email.sql',
    'migrations/00001_users.sql',
  ]);
  expect(rulesIn(files)).toEqual(expect.arrayContaining(['drop-column', 'drop-table']));
});

describe('SQL from a pipe', () => {
  const piped = (input: string) => runTiptoe(['lint', '-'], { cwd: fixture('prisma'), input });
  const QUIET = { code: 0, stderr: '', stdout: expect.stringContaining('no findings') as unknown };

  test('of Alembic, with its transactions and its table of versions', async () => {
    const sql = `BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 1975ea83b712

CREATE TABLE account (
    id BIGSERIAL NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('1975ea83b712') RETURNING alembic_version.version_num;

-- Running upgrade 1975ea83b712 -> ae1027a6acf

ALTER TABLE account ADD COLUMN last_transaction_date TIMESTAMP WITH TIME ZONE;

UPDATE alembic_version SET version_num='ae1027a6acf' WHERE alembic_version.version_num = '1975ea83b712';

COMMIT;
`;
    expect(await piped(sql)).toMatchObject(QUIET);
  });

  test.each(['alembic.sql', 'django.sql', 'ecto.log'])('as the tools print it: %s', async (name) => {
    expect(await piped(await readFile(join(PIPED, name), 'utf8'))).toMatchObject(QUIET);
  });

  test('has its places in the log, whatever else is in it', async () => {
    const log = `Compiling 3 files (.ex)
Generated shop app

\u001B[32m10:00:00.000 [info] QUERY OK db=3.1ms
begin []\u001B[0m

10:00:00.020 mfa=Shop.x/1 [debug] QUERY OK source="orders" db=3.1ms queue=0.1ms
ALTER TABLE orders ADD COLUMN codes int[]

  , ADD COLUMN tags text[] DEFAULT ARRAY['a b'] []
\u001B[90m↳ Ecto.Migration.Runner.log_and_execute_ddl/3, at: lib/ecto/migration/runner.ex:352
10:00:00.030 [info] QUERY OK db=1.1ms
CREATE INDEX "orders_total" ON "orders" ("total") []
10:00:00.031 [info] == Migrated 20260101090000 in 0.0s
`;
    const { stdout, stderr } = await runTiptoe(['lint', '-', '--format', 'compact', '--fail-on', 'never'], {
      cwd: fixture('prisma'),
      input: log,
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^-:13:1: .*create-index-blocking/m);
    expect(stdout).not.toContain('syntax-error');
  });

  test('that is a log without SQL, or with that of Alembic', async () => {
    expect(await piped('10:00:00.000 [info] == Running 1 X.change/0 forward\n')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('standard input is a log of Ecto without SQL in it.') as unknown,
    });
    expect(
      await piped('INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\nBEGIN;\nSELECT 1;\nCOMMIT;\n'),
    ).toMatchObject(QUIET);
  });

  test('is asked for, where the migrations are code', async () => {
    for (const [file, tool] of [
      ['manage.py', 'Django'],
      ['alembic.ini', 'Alembic'],
      ['mix.exs', 'Ecto'],
    ] as const) {
      const { code, stderr } = await runTiptoe(['lint'], { cwd: await folder({ [file]: '' }) });
      expect([code, stderr.split('\n')[0]]).toEqual([
        2,
        `tiptoe: There are no migrations in SQL here; ${tool} has them in code.`,
      ]);
      expect(stderr).toContain('tiptoe lint -');
    }
  });
});

describe('what is no migration', () => {
  async function line(files: Readonly<Record<string, string | Uint8Array>>, ...args: string[]) {
    const { code, stderr } = await runTiptoe(['lint', ...args], { cwd: await folder(files) });
    return [code, stderr.split('\n')[0]];
  }

  test('is left out by the tool, and told', async () => {
    const cwd = await folder({
      'prisma/migrations/1_a/migration.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);',
      'prisma/migrations/seed.sql': 'INSERT INTO a VALUES (1);',
      'prisma/schema.prisma': '',
    });
    const { code, stderr, stdout } = await runTiptoe(['lint'], { cwd });
    expect([code, stderr.split('\n')[1]]).toEqual([
      0,
      'tiptoe: prisma/migrations/seed.sql is left out: it is no Prisma migration.',
    ]);
    expect(stdout).toContain('1 file');
    const compact = await runTiptoe(['lint', '--format', 'compact'], { cwd });
    expect(compact.stderr).toBe('tiptoe: prisma/migrations/seed.sql is left out: it is no Prisma migration.\n');
  });

  test('is a callback, which is told in one line, and read where it is named', async () => {
    const files = { 'sql/V1__a.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);', 'sql/beforeMigrate.sql': 'SELECT 1;' };
    const only = 'tiptoe: sql/beforeMigrate.sql is left out: it is a callback of Flyway. Name it to read it.';
    const args = ['--format', 'compact', 'sql'];
    expect(await line(files, ...args)).toEqual([0, only]);
    expect(await line({ ...files, 'sql/afterEachMigrate__grants.sql': 'SELECT 2;' }, ...args)).toEqual([
      0,
      'tiptoe: 2 callbacks of Flyway are left out, sql/afterEachMigrate__grants.sql for one. Name them to read them.',
    ]);
    const named = ['--format', 'compact', 'sql/V1__a.sql', 'sql/beforeMigrate.sql'];
    expect(await line(files, ...named)).toEqual([0, '']);
    expect(await line({ 'sql/beforeMigrate.sql': 'SELECT 1;', 'flyway.conf': 'flyway.locations=sql\n' })).toEqual([
      2,
      'tiptoe: There are no migrations in sql. sql/beforeMigrate.sql is left out: it is no Flyway migration.',
    ]);
  });

  test('is judged all the same where a package.json is broken or cannot be read, which is told', async () => {
    const files = { 'm/1_a.sql': 'SELECT 1;', 'package.json': '{ "dependencies": {' };
    expect(await line(files, 'm')).toEqual([
      0,
      'tiptoe: package.json holds no JSON object, and tells of no migration tool.',
    ]);
    const cwd = await folder({ 'm/1_a.sql': 'SELECT 1;' });
    await symlink('package.json', join(cwd, 'package.json'));
    expect(await runTiptoe(['lint', 'm'], { cwd })).toMatchObject({
      code: 0,
      stderr: 'tiptoe: package.json cannot be read (ELOOP), and tells of no migration tool.\n',
    });
  });

  test('is refused where there is nothing else', async () => {
    expect(
      await line({ 'prisma/migrations/seed.sql': 'INSERT INTO a VALUES (1);', 'prisma/schema.prisma': '' }),
    ).toEqual([
      2,
      'tiptoe: There are no migrations in prisma/migrations. prisma/migrations/seed.sql is left out: it is no Prisma migration.',
    ]);
    const queries = {
      'queries/a.sql': '-- name: GetUser :one\nSELECT * FROM users WHERE id = $1;\n',
      'queries/b.sql': '-- name: AddUser :exec\nINSERT INTO users (name) VALUES ($1);\n',
    };
    expect(await line(queries, 'queries')).toEqual([
      2,
      'tiptoe: There is SQL, but no migration: queries/a.sql holds queries, and so do the other 1.',
    ]);
  });

  test('is one line for all files that cannot be read', async () => {
    expect(
      await line(
        {
          'm/1_a.sql': Buffer.from('-- caf\u00E9', 'latin1'),
          'm/2_b.sql': Buffer.from('\uFEFFSELECT 1', 'utf16le'),
          'm/3_c.sql': 'SELECT 1;',
        },
        'm',
      ),
    ).toEqual([
      2,
      'tiptoe: m/1_a.sql is not UTF-8: byte 0xe9 at offset 6, in line 1. m/2_b.sql is UTF-16 text; migrations are UTF-8.',
    ]);
  });

  test('is a link that leads nowhere, and a folder that nobody may read', async () => {
    const cwd = await folder({ 'm/1_a.sql': 'SELECT 1;', 'n/1_a.sql': 'SELECT 1;', 'n/secret/2_b.sql': 'SELECT 1;' });
    await symlink('gone.sql', join(cwd, 'm/2_b.sql'));
    expect(await runTiptoe(['lint', 'm'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tiptoe: m\/2_b\.sql is a symbolic link that leads nowhere\.\n/),
    });
    await chmod(join(cwd, 'n/secret'), 0);
    const { code, stderr } = await runTiptoe(['lint', 'n'], { cwd });
    // Root may read everything.
    const isRoot = process.getuid?.() === 0;
    expect([code, stderr.split('\n')[0]]).toEqual(
      isRoot ? [0, ''] : [2, 'tiptoe: n/secret/ cannot be read: permission denied.'],
    );
    await chmod(join(cwd, 'n/secret'), 0o755);
  });

  test('tens of thousands of files are looked through all the same', async () => {
    const cwd = await folder({ 'm/1_a.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);' });
    await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => writeFile(join(cwd, `m/${index + 2}_b.sql`), '-- empty\n')),
    );
    const { code, stdout } = await runTiptoe(['lint', 'm'], { cwd });
    expect([code, stdout]).toEqual([0, expect.stringContaining('10001 files')]);
  });
});

describe('tiptoe new', () => {
  test.each([
    ['prisma', /^prisma\/migrations\/\d{14}_add_email\/migration\.sql\n$/],
    ['supabase', /^supabase\/migrations\/\d{14}_add_email\.sql\n$/],
    ['hasura', /^migrations\/default\/(\d{13})_add_email\/up\.sql\nmigrations\/default\/\1_add_email\/down\.sql\n$/],
    ['diesel', /^migrations\/(\d{4}-\d\d-\d\d-\d{6})_add_email\/up\.sql\nmigrations\/\1_add_email\/down\.sql\n$/],
    ['flyway', /^sql\/V3__add_email\.sql\n$/],
    ['liquibase', /^changelog\/\d{14}_add_email\.sql\n$/],
    ['node-pg-migrate', /^migrations\/\d{13}_add-email\.sql\n$/],
    ['goose', /^migrations\/00004_add_email\.sql\n$/],
    ['dbmate', /^db\/migrations\/\d{14}_add_email\.sql\n$/],
    ['sqlx', /^migrations\/(\d{14})_add_email\.up\.sql\nmigrations\/\1_add_email\.down\.sql\n$/],
    ['golang-migrate', /^migrations\/11_add_email\.up\.sql\nmigrations\/11_add_email\.down\.sql\n$/],
  ])('makes what %s reads', async (name, paths) => {
    const cwd = await mkdtemp(join(directory.path, 'new-'));
    await cp(fixture(name), cwd, { recursive: true });
    const { code, stdout, stderr } = await runTiptoe(['new', 'Add email'], { cwd });
    expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(paths), '']);
    const [path = ''] = stdout.split('\n');
    expect(await runTiptoe(['lint', '--framework', name, path], { cwd })).toMatchObject({ code: 0 });
  });

  test.each([
    ['drizzle', 'drizzle-kit generate --custom --name=add_email'],
    ['sqitch', 'sqitch add add_email'],
    ['graphile-migrate', 'migrations/current.sql'],
    ['rails', 'bin/rails generate migration add_email'],
  ])('says what makes one with %s', async (name, command) => {
    const { code, stderr } = await runTiptoe(['new', 'add_email'], { cwd: fixture(name) });
    expect([code, stderr]).toEqual([2, expect.stringContaining(command)]);
  });

  test('goes on with the numbers or the times that are there, and overwrites nothing', async () => {
    const cwd = await folder({ 'm/041_a.sql': '', 'n/20260101090000_a.sql': '' });
    expect((await runTiptoe(['new', 'addEmail', '--dir', 'm'], { cwd })).stdout).toBe('m/042_add_email.sql\n');
    expect((await runTiptoe(['new', 'b', '--dir', 'n'], { cwd })).stdout).toMatch(/^n\/\d{14}_b\.sql\n$/);
    expect((await runTiptoe(['new', 'b'], { cwd })).stdout).toMatch(/^migrations\/\d{14}_b\.sql\n$/);
    expect(await runTiptoe(['new', '../..', '--dir', 'm'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'../..' is no name for a migration."),
    });
  });
});
