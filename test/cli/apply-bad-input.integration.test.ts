import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

async function applying(
  schema: string,
  files: Readonly<Record<string, string>>,
  more: { args?: string[]; env?: Record<string, string> } = {},
) {
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'migrations', name), text);
  const args = ['apply', '--quiet', '--schema', schema, ...(more.args ?? [])];
  return runTiptoe(args, { cwd, env: { DATABASE_URL: db.ownerUrl, ...more.env } });
}

test('a file without a statement is applied, with a warning', async () => {
  const { code, stderr } = await applying('bad_empty', {
    '001_a.sql': '',
    '002_b.sql': '-- nothing yet\n/* later */\n',
  });
  const warning = 'There is no statement in it; it counts as applied, and what is written into it later does not run.';
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `warning: migrations/001_a.sql: ${warning}\nwarning: migrations/002_b.sql: ${warning}\n`,
  });
});

test('BEGIN and COMMIT of a file are its sections, and ROLLBACK is refused', async () => {
  const fine = await applying('bad_begin', { '001_a.sql': 'SELECT 1;\nBEGIN;\nCREATE TABLE bad_begin ();\nCOMMIT;\n' });
  expect(fine).toMatchObject({ code: 0, stderr: '' });
  const refused = await applying('bad_rollback', { '001_a.sql': 'CREATE TABLE bad_rollback ();\nROLLBACK;\n' });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('migrations/001_a.sql:2:1: ROLLBACK in a migration.');
  expect(refused.stderr).toContain('hint: Remove what it would undo; a migration that fails is rolled back by itself.');
});

test('a file that switches off timeouts is told that it does not', async () => {
  const { code, stderr } = await applying('bad_limits', {
    '001_a.sql': `-- as pg_dump writes it\nSET lock_timeout = 0;\nSET statement_timeout = '0ms';\nSET lock_timeout = DEFAULT;\nSELECT 1;`,
    '002_b.sql': `SET lock_timeout = '2s';`,
  });
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      'warning: migrations/001_a.sql: Line 2 switches off lock_timeout, statement_timeout, which has no effect: tiptoe sets its own limits before each statement.\n',
  });
});

test('a file that mixes both kinds of statements says what stands when a later one fails', async () => {
  const { code, stderr } = await applying('bad_mixed', {
    '001_a.sql': 'CREATE TABLE bad_mixed (id int);\nCREATE INDEX CONCURRENTLY ON bad_mixed (id);\nSELECT nope;',
  });
  expect(code).toBe(1);
  expect(stderr).toContain('failed in line 3 and was rolled back; the statements before it stand.');
  expect(stderr).toContain('Correct the statement in the file and run again; the ones that stand are not repeated.');
});

test('a failure half-way shows the statement with a caret, and what the server adds', async () => {
  const { code, stderr } = await applying('bad_half', {
    '001_a.sql': `CREATE TABLE bad_half (id int PRIMARY KEY);\nINSERT INTO bad_half VALUES (1);\nINSERT INTO bad_half VALUES (2), (1);\n`,
  });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `tiptoe: migrations/001_a.sql failed in line 3 and was rolled back; nothing of it stands.
migrations/001_a.sql:3:1: duplicate key value violates unique constraint "bad_half_pkey" (23505)
  3 │ INSERT INTO bad_half VALUES (2), (1);
    │ ^
  detail: Key (id)=(1) already exists.
  Correct the file and run again.
`,
  });
  expect((await applying('bad_hint', { '001_a.sql': `SELECT\n  uppr('x');` })).stderr).toContain(
    `migrations/001_a.sql:2:3: function uppr(unknown) does not exist (42883)\n  2 │   uppr('x');\n    │   ^\n  hint: No function matches`,
  );
});

test('a command of psql is told as one', async () => {
  const { code, stderr } = await applying('bad_psql', { '001_a.sql': 'SELECT 1;\n\\i other.sql\n' });
  expect(code).toBe(1);
  expect(stderr).toContain('hint: That is a command of psql, and the server knows none of them');
});

test.each([
  ['CREATE TABLE ${name} (a int)', 'the placeholder ${name}, which has no value'],
  ['CREATE TABLE :name (a int)', 'the placeholder :name, which has no value'],
  ['CREATE TABLE bad_fill_x (a int) {{ how }}', 'the placeholder {{ how }}, which has no value'],
  ['COPY bad_fill_x FROM stdin;\n1\n\\.\n', 'data for COPY, which only psql sends'],
])('a file is refused before anything is run, in one line: case %#', async (sql, what) => {
  const { code, stderr } = await applying('bad_fill', { '001_a.sql': 'CREATE TABLE bad_fill_x ()', '002_b.sql': sql });
  expect(code).toBe(1);
  expect(stderr).toContain(
    `migrations/002_b.sql has ${what}, in line ${what.startsWith('data') ? 2 : 1}; nothing was applied.`,
  );
  expect(stderr).toContain(what.startsWith('data') ? 'INSERT … VALUES' : '--var NAME=VALUE');
});

test('a ledger of a newer tiptoe is left alone', async () => {
  const files = { '001_a.sql': 'SELECT 1;' };
  expect(await applying('bad_newer', files)).toMatchObject({ code: 0 });
  await (await db.session()).exec(`UPDATE bad_newer.version SET version = 99 WHERE component = 'migrate'`);
  const { code, stderr } = await applying('bad_newer', { ...files, '002_b.sql': 'CREATE TABLE bad_newer_b ();' });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^tiptoe: The tables in schema bad_newer were written by a newer tiptoe \(migrate version 99; this one knows \d+\)\.\n {2}Run the newer tiptoe/,
  );
});

test('the clock of the machine is asked for nothing that matters', async () => {
  const skewed = join(temporary.path, 'skewed.mjs');
  await writeFile(
    skewed,
    `const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...parts) {
        super(...(parts.length === 0 ? [Date.now()] : parts));
      }
      static now() {
        return Right.now() + 12 * 3_600_000;
      }
    };`,
  );
  const hour = (more: number) => `${String((new Date().getUTCHours() + more + 24) % 24).padStart(2, '0')}:00`;
  const { code, stderr } = await applying(
    'bad_clock',
    { '001_a.sql': 'SELECT 1;' },
    { args: ['--window', `${hour(-1)}-${hour(2)}`], env: { NODE_OPTIONS: `--import ${skewed}` } },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const session = await db.session();
  expect(
    await session.query(
      `SELECT started_at BETWEEN now() - interval '5 min' AND now() AS right FROM bad_clock.migration`,
    ),
  ).toEqual([{ right: true }]);
});
