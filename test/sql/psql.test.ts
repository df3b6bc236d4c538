import { beforeAll, expect, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** The statements that are sent, then what is wrong or not known after `!`. */
function readAs(sql: string, variables: Record<string, string> = {}): string[] {
  const { statements, faults, unread, source } = parseScript('x.sql', sql, variables);
  for (const { range } of unread) expect(source.text.charAt(range.start)).toBe('\\');
  return [
    ...statements.map(({ text }) => text),
    ...faults.map(({ message }) => `! ${message}`),
    ...unread.map(({ reason }) => `! ${reason}`),
  ];
}

test('commands that only show something are read over', () => {
  const sql = String.raw`\set ON_ERROR_STOP on
\timing
\pset pager off
\echo 'it''s; done' "a
SELECT 1 \g out.txt
\connect app - localhost
\d+ users
\restrict x
SELECT 2 \; SELECT 3;
\x \\ SELECT 4;
SELECT 5 \gx
`;
  expect(readAs(sql)).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT 4', 'SELECT 5']);
});

test('variables that the script sets are filled in where they are used', () => {
  const sql =
    String.raw`\set schema app
DROP TABLE :schema.a;
\set schema 'two' 's'
DROP TABLE :"schema".b; SELECT :'schema', x::int, ':schema';
\set name :schema _x
DROP TABLE :name;
\unset schema
DROP TABLE :schema.c;
\set cmd ` + '`rm -rf /`\nDROP TABLE :cmd;';
  expect(readAs(sql)).toEqual([
    'DROP TABLE app.a',
    'DROP TABLE "twos".b',
    "SELECT 'twos', x::int, ':schema'",
    'DROP TABLE twos_x',
    'DROP TABLE ":schema".c',
    'DROP TABLE ":cmd"',
  ]);
});

test.each([
  ['true', ['SELECT 1']],
  ['off', ['SELECT 3']],
  [':{?given}', ['SELECT 1']],
  // Only the run of the script tells: psql -v may give them.
  [':unknown', ['SELECT 1', 'SELECT 2', 'SELECT 3']],
  [':{?other}', ['SELECT 1', 'SELECT 2', 'SELECT 3']],
])('\\if %s', (condition, expected) => {
  const sql = `\\if ${condition}\nSELECT 1;\n\\elif :unknown\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\nSELECT 9;`;
  const elif = sql.replace(':unknown\nSELECT 2', 'no\nSELECT it`s not; read');
  expect(readAs(expected.length > 1 ? sql : elif, { given: 'x' })).toEqual([...expected, 'SELECT 9']);
});

test('branches within branches, and what they set', () => {
  const sql = String.raw`\set a one
\if false
\if true
SELECT 1;
\set a two
\else
SELECT 2;
\endif
\! ls
\elif yes
SELECT :'a';
\endif
\if :maybe
\set a three
\endif
SELECT :'a';
\q
SELEC never;`;
  expect(readAs(sql)).toEqual(["SELECT 'one'", "SELECT ':''a'''"]);
});

test('what a script wants to be given is no reason not to read on', () => {
  const sql =
    "\\if :{?csv} \\else \\echo 'give -v csv' \\quit 78 \\endif\nSELECT 1;\n\\unset csv\n\\if :{?csv}\nSELECT 2;\n\\endif";
  expect(readAs(sql)).toEqual(['SELECT 1']);
});

test('the default of a variable, as scripts give it', () => {
  const sql = '\\if :{?schema}\n\\else\n\\set schema public\n\\endif\nDROP TABLE :schema.a;';
  expect(readAs(sql)).toEqual(['DROP TABLE public.a']);
  expect(readAs(sql, { schema: 'app' })).toEqual(['DROP TABLE app.a']);
});

test('what is never run is told once each', () => {
  const sql = String.raw`\! curl example.com | sh
SELECT format('DROP TABLE %I', t) FROM x \gexec
\frobnicate; now
\\ \frobnicate
SELECT 1;`;
  expect(readAs(sql)).toEqual([
    "SELECT format('DROP TABLE %I', t) FROM x",
    'SELECT 1',
    '! a command of the shell is not run here, and what it does is not known',
    '! what the rows say that \\gexec runs is not known',
    '! \\frobnicate is no command of psql that is known',
  ]);
});

test('data of COPY is read over, and \\copy takes what COPY takes', () => {
  const sql = String.raw`COPY a FROM stdin;
it's ; 1	{{ x
\N
\.
\copy b (x, y) FROM data.csv WITH (FORMAT csv)
\copy c from 'it''s.csv' csv header
\copy (SELECT 1) to program 'gzip'
\copy d from stdin
'
\.
\copy e from pstdin
SELECT 1;`;
  const { statements, faults } = parseScript('x.sql', sql);
  expect(faults).toEqual([]);
  expect(statements.map(({ action }) => action.kind)).toEqual(['dml', 'dml', 'dml', 'select', 'dml', 'dml', 'select']);
  expect(statements.map(({ range }) => sql.slice(range.start, range.end))).toEqual([
    'COPY a FROM stdin',
    '\\copy b (x, y) FROM data.csv WITH (FORMAT csv)',
    "\\copy c from 'it''s.csv' csv header",
    "\\copy (SELECT 1) to program 'gzip'",
    '\\copy d from stdin',
    '\\copy e from pstdin',
    'SELECT 1',
  ]);
});

test('a semicolon in a name or a comment ends no COPY', () => {
  const sql = `COPY a (x, "y;z") -- all; of it\nFROM stdin;\nit's\n\\.\nSELECT 1;`;
  expect(readAs(sql)).toEqual([`COPY a (x, "y;z") -- all; of it\nFROM stdin`, 'SELECT 1']);
});

test('a backslash in quotes, comments and code is none of psql', () => {
  const sql = String.raw`SELECT '\! ls', "\i", $$ \q $$; -- \q
/* \if false */ SELECT E'\'\q';
SELECT 2 \g`;
  expect(readAs(sql)).toEqual([String.raw`SELECT '\! ls', "\i", $$ \q $$`, String.raw`SELECT E'\'\q'`, 'SELECT 2']);
});

test('tens of thousands of commands on one line, and thousands of copies, are read in the time of one after the other', () => {
  const { commands, statements } = parseScript('x.sql', `${'\\p '.repeat(100_000)}\nSELECT 1;`);
  expect([commands.length, statements.map(({ text }) => text)]).toEqual([100_000, ['SELECT 1']]);
  expect(parseScript('x.sql', '\\copy t from x\n'.repeat(4_000)).statements).toHaveLength(4_000);
  expect(parseScript('x.sql', 'COPY t FROM stdin;\n'.repeat(4_000)).statements).toHaveLength(4_000);
});
