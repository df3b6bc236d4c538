import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** `file: rule relations` of every finding of a history. */
function lint(...files: string[]): string[] {
  const scripts = files.map((sql, index) => parseScript(`${index + 1}.sql`, sql));
  return analyse(scripts, emptyCatalog(), { rules, severities: {}, version: 18 }).flatMap(({ script, findings }) =>
    findings.map(({ rule, relations }) => `${script.source.path}: ${rule} ${relations.join(' ')}`.trim()),
  );
}

const USERS = 'CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50));';

test('what a file makes, it may fill and index; the next file may not', () => {
  expect(lint(`${USERS}\nCREATE INDEX ON users (email);`)).toEqual([]);
  expect(lint(USERS, 'CREATE INDEX ON users (email);')).toEqual(['2.sql: create-index-blocking public.users']);
});

test('a table that no file made is one that exists', () => {
  expect(lint('CREATE INDEX ON app.users (email);')).toEqual(['1.sql: create-index-blocking app.users']);
});

test('the old type decides, through renames', () => {
  const rename = 'ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME COLUMN email TO mail;';
  const renamed = ['2.sql: rename-table public.users', '2.sql: rename-column public.people'];
  expect(lint(USERS, rename, 'ALTER TABLE people ALTER mail TYPE text;')).toEqual(renamed);
  expect(lint(USERS, rename, 'ALTER TABLE people ALTER mail TYPE varchar(10);')).toEqual([
    ...renamed,
    '3.sql: change-type-rewrite public.people',
  ]);
  expect(lint('ALTER TABLE people ALTER mail TYPE text;')).toEqual(['1.sql: change-type-rewrite public.people']);
});

test('schemas and search_path are exact, and do not leak into the next file', () => {
  expect(lint('SET search_path = app; CREATE TABLE t (a varchar(5));', 'ALTER TABLE app.t ALTER a TYPE text;')).toEqual(
    [],
  );
  expect(lint('SET search_path = app; CREATE TABLE t (a varchar(5));', 'ALTER TABLE t ALTER a TYPE text;')).toEqual([
    '2.sql: change-type-rewrite public.t',
  ]);
  expect(lint('CREATE TABLE "Users" (a int);', 'CREATE INDEX ON "Users" (a);')).toEqual([
    '2.sql: create-index-blocking public.Users',
  ]);
});

test('SET LOCAL ends with its transaction', () => {
  const sql = 'BEGIN; SET LOCAL search_path = app; CREATE TABLE t (a int); COMMIT; CREATE INDEX ON t (a);';
  expect(lint(sql)).toEqual(['1.sql: create-index-blocking public.t']);
});

test('a declared write rate is for the table that it stands before', () => {
  const table = (name: string): string =>
    `CREATE TABLE ${name} (id bigserial PRIMARY KEY, payload jsonb, at timestamptz DEFAULT now());`;
  expect(lint(`-- tiptoe:writes 2/s: few\n${table('audit_log')}\n${table('events')}`)).toEqual([
    '1.sql: write-heavy-table public.events',
  ]);
});

test('one statement with two hazards gives two findings, each with its relations', () => {
  const before = `${USERS} CREATE TABLE orders (user_id bigint, total numeric);`;
  const sql = 'ALTER TABLE orders ALTER total SET NOT NULL, ADD FOREIGN KEY (user_id) REFERENCES users;';
  expect(lint(before, sql).sort()).toEqual([
    '2.sql: constraint-scan public.orders public.users',
    '2.sql: set-not-null-scan public.orders',
  ]);
});

test('a rewrite swallows the scans of its statement', () => {
  expect(lint(USERS, 'ALTER TABLE users ALTER id TYPE numeric, ALTER email SET NOT NULL;')).toEqual([
    '2.sql: change-type-rewrite public.users',
  ]);
});

test('a history that contradicts itself is linted all the same', () => {
  expect(
    lint('DROP TABLE nowhere; ALTER TABLE nobody DROP COLUMN nothing; DROP INDEX none; ALTER TABLE x RENAME TO y;'),
  ).toEqual([
    '1.sql: drop-table public.nowhere',
    '1.sql: drop-column public.nobody',
    '1.sql: drop-index-locks-table public.none',
    '1.sql: rename-table public.x',
  ]);
});

test('temporary tables are nobody else’s business', () => {
  expect(lint('CREATE TEMP TABLE t (a int); CREATE INDEX ON t (a);')).toEqual([]);
});

test('a constraint is left NOT VALID only where later files follow, and none validates it', () => {
  const add = 'ALTER TABLE users ADD CONSTRAINT k CHECK (id > 0) NOT VALID;';
  expect(lint(USERS, add)).toEqual([]);
  expect(lint(USERS, add, 'SELECT 1;')).toEqual(['2.sql: constraint-left-not-valid public.users']);
  expect(lint(USERS, add, 'ALTER TABLE users VALIDATE CONSTRAINT k;')).toEqual([]);
  expect(lint(USERS, add, 'ALTER TABLE users DROP CONSTRAINT k;')).toEqual([]);
  const said = '-- tiptoe-disable-next-statement constraint-left-not-valid: old rows may stay as they are\n';
  expect(lint(USERS, `${said}${add}`, 'SELECT 1;')).toEqual([]);
});
