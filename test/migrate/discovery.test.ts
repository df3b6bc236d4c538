import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectDir, discover, discoverFolder } from '../../src/migrate/discovery.ts';

let cwd = '';

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tiptoe-discovery-'));
});
afterEach(() => rm(cwd, { recursive: true }));

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
}

const paths = async (...given: string[]) => (await discover(given, { cwd })).map(({ path }) => path);

test('a folder is read in migration order, in every layout', async () => {
  await write({
    'm/10_last.sql': '',
    'm/9_flat.sql': '',
    'm/8_two.up.sql': '',
    'm/8_two.down.sql': '',
    'm/7_prisma/migration.sql': '',
    'm/0006-05-04-030201_diesel/up.sql': '',
    'm/notes.txt': '',
    'm/.hidden.sql': '',
    'm/node_modules/x/1_x.sql': '',
  });
  const files = await discover(['m'], { cwd });
  expect(files.map(({ path, kind }) => [path, kind])).toEqual([
    ['m/7_prisma/migration.sql', 'migration'],
    ['m/8_two.down.sql', 'down'],
    ['m/8_two.up.sql', 'migration'],
    ['m/9_flat.sql', 'migration'],
    ['m/10_last.sql', 'migration'],
    ['m/0006-05-04-030201_diesel/up.sql', 'migration'],
  ]);
});

test('paths are shown as given, relative to the working directory, and every file once', async () => {
  await write({ 'm/1_a.sql': '', 'other.txt': '' });
  expect(await paths('./m', 'm/1_a.sql', 'other.txt')).toEqual(['m/1_a.sql', 'other.txt']);
  expect(await paths(join(cwd, 'm/1_a.sql'))).toEqual(['m/1_a.sql']);
  expect(await discover([join(cwd, 'm')], { cwd: tmpdir() })).toMatchObject([{ name: '1_a' }]);
});

test('standard input is a path of its own', async () => {
  expect(await discover(['-'], { cwd, stdin: 'SELECT 1' })).toEqual([
    { path: '-', name: '-', version: null, kind: 'migration', text: 'SELECT 1' },
  ]);
});

test('links that go round in circles end', async () => {
  await write({ 'm/1_a.sql': '' });
  await symlink('..', join(cwd, 'm/loop'));
  await symlink('itself', join(cwd, 'm/itself'));
  await symlink('1_a.sql', join(cwd, 'm/2_b.sql'));
  expect(await paths('m')).toEqual(['m/1_a.sql']);
});

// Only the message is in a test's name: one of the files is 33 MB.
test.each([
  ['There is no file or folder nowhere.', 'nowhere', {}],
  ['There are no .sql files in empty.', 'empty', { 'empty/readme.md': '' }],
  ['x.sql is a binary file, not SQL.', 'x.sql', { 'x.sql': new Uint8Array(64) }],
  [
    'x.sql is not UTF-8: byte 0xe9 at offset 16, in line 2.',
    'x.sql',
    { 'x.sql': Buffer.concat([Buffer.from('-- \u00FC \uFFFD\n-- caf'), Buffer.from('\u00E9', 'latin1')]) },
  ],
  ['x.sql is UTF-16 text; migrations are UTF-8.', 'x.sql', { 'x.sql': Buffer.from('\uFEFFSELECT 1', 'utf16le') }],
  ['x.sql has 33 MB; a migration may have 32 MB.', 'x.sql', { 'x.sql': new Uint8Array(33 * 1024 * 1024).fill(0x20) }],
])('%s', async (message, path, files) => {
  await write(files);
  await expect(discover([path], { cwd })).rejects.toMatchObject({
    message,
    exitCode: 2,
    advice: expect.any(String) as unknown,
  });
});

test('a stray NUL in a text is left to the parser', async () => {
  await write({ '1_a.sql': 'SELECT 1;\0' });
  expect(await discover(['1_a.sql'], { cwd })).toMatchObject([{ text: 'SELECT 1;\0' }]);
});

test('what apply works on has no down files and every version once', async () => {
  await write({ 'm/1_a.up.sql': '', 'm/1_a.down.sql': '', 'm/2_b.backfill.sql': '' });
  expect((await discoverFolder('m', cwd)).map(({ name, kind }) => [name, kind])).toEqual([
    ['1_a', 'migration'],
    ['2_b', 'backfill'],
  ]);
  await write({ 'm/02_c.sql': '' });
  await expect(discoverFolder('m', cwd)).rejects.toMatchObject({
    message: 'Two migrations have the version 2: m/02_c.sql and m/2_b.backfill.sql.',
    exitCode: 2,
  });
});

test('the folder is the first usual place with migrations in it', async () => {
  expect(await detectDir(cwd)).toBe('migrations');
  await write({ 'migrations/readme.md': '', 'db/migrations/1_a.sql': '' });
  expect(await detectDir(cwd)).toBe('db/migrations');
});

test('the folder is that of the tool in use, unless the tool has an order of its own', async () => {
  await write({ 'supabase/config.toml': '', 'supabase/migrations/1_a.sql': '' });
  expect(await detectDir(cwd)).toBe('supabase/migrations');
});

test('a plan, a journal or a schema is not for our runner', async () => {
  await write({ 'sqitch.plan': '%project=a\n\na 2026-01-01T09:00:00Z A <a@example.org>\n', 'deploy/a.sql': '' });
  expect(await detectDir(cwd)).toBe('migrations');
});
