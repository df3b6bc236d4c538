import { beforeAll, expect, test } from 'vitest';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { type AnalysedFile, analyse } from '../../src/lint/engine.ts';
import { explainPretty } from '../../src/report/explain-pretty.ts';
import { plainStyle } from '../../src/report/style.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const BEFORE = `CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE visits (day date, path text) PARTITION BY RANGE (day);
${[1, 2, 3, 4].map((n) => `CREATE TABLE visits_${n} PARTITION OF visits FOR VALUES FROM ('200${n}-01-01') TO ('200${n + 1}-01-01');`).join('\n')}`;

function second(sql: string): readonly AnalysedFile[] {
  const scripts = [BEFORE, sql].map((text, at) => parseScript(`${at}.sql`, text));
  return analyse(scripts, emptyCatalog(), { rules: [], severities: {}, version: 18 }).slice(1);
}

function explained(sql: string): string[] {
  return explainPretty(second(sql), plainStyle).split('\n').slice(1, -1);
}

test('a mark, the lock, for how long, who is blocked, why', () => {
  expect(explained('ALTER TABLE users ALTER COLUMN id TYPE numeric;')).toEqual([
    '✗    1  ALTER TABLE users ALTER COLUMN id TYPE numeric',
    '        public.users  AccessExclusiveLock  grows with the table: writes it anew  blocks reads and writes',
    expect.stringMatching(/^ {10}the change from int8 to numeric/),
    '',
    '1 statement: 1 blocks traffic for as long as a table is big',
  ]);
});

test.each([
  ['ALTER TABLE users ADD COLUMN x int;', '!', '1 statement: 1 for a moment'],
  ['CREATE INDEX CONCURRENTLY ON users (name);', '✓', '1 statement: no traffic is blocked'],
  ['UPDATE users SET name = NULL;', '✓', '1 statement: no traffic is blocked'],
  ['CREATE TABLE fresh (a int);', '✓', '1 statement: no traffic is blocked'],
  ['SELECT nobody_knows();', '!', '1 statement: 1 not understood'],
  ['ALTER TABL users;', '✗', '1 statement: 1 not run by PostgreSQL'],
])('%s is %s', (sql, mark, summary) => {
  const lines = explained(sql);
  expect(lines[0]?.[0]).toBe(mark);
  expect(lines.at(-1)).toBe(summary);
});

test('relations of which the same is to be said share a line', () => {
  expect(
    explained('ALTER TABLE visits ALTER COLUMN path SET NOT NULL;').filter((line) => line.includes('visits_')),
  ).toEqual([
    expect.stringMatching(
      /^ {8}public\.visits_1, public\.visits_2, public\.visits_3 and 1 more {2}AccessExclusiveLock/,
    ),
  ]);
});

test('what the file made is waited for by nobody', () => {
  expect(explained('CREATE TABLE fresh (a int);\nCREATE INDEX ON fresh (a);').slice(2, 4)).toEqual([
    '✓    2  CREATE INDEX ON fresh (a)',
    '        public.fresh  made in this file: nobody waits for it',
  ]);
});

test('the lines of a DO block are told', () => {
  const lines = explained('DO $$\nBEGIN\n  CREATE INDEX ON users (name);\nEND $$;');
  expect(lines[2]).toMatch(/\(line 3 of the DO block\)$/);
});

test('--quiet leaves out what holds up nobody', () => {
  const files = second('COMMENT ON TABLE users IS NULL;\nDROP TABLE users;');
  const text = explainPretty(files, plainStyle, { quiet: true });
  expect(text).not.toContain('COMMENT');
  expect(text).toContain('!    2  DROP TABLE users');
});
