import { beforeAll, expect, test } from 'vitest';
import { type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import { beginSession } from '../../src/catalog/session.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

function after(...files: readonly string[]): Catalog {
  const catalog = emptyCatalog();
  for (const file of files) {
    const actions = parseScript('a.sql', file).statements.map(({ action }) => action);
    beginSession(catalog, actions);
    for (const action of actions) fold(catalog, action);
  }
  return catalog;
}

test.each([
  { sql: 'CREATE TABLE a (x int); BEGIN; CREATE TABLE b (x int); ROLLBACK', left: ['public.a'] },
  { sql: 'BEGIN; CREATE TABLE a (x int); COMMIT; ROLLBACK', left: ['public.a'] },
  { sql: 'CREATE TABLE a (x int); BEGIN; DROP TABLE a; ROLLBACK', left: ['public.a'] },
  {
    sql: 'BEGIN; CREATE TABLE a (x int); SAVEPOINT s; CREATE TABLE b (x int); ROLLBACK TO SAVEPOINT s; COMMIT',
    left: ['public.a'],
  },
  {
    sql: 'BEGIN; SAVEPOINT s; CREATE TABLE a (x int); ROLLBACK TO s; CREATE TABLE b (x int); ROLLBACK TO s; CREATE TABLE c (x int); COMMIT',
    left: ['public.c'],
  },
  {
    sql: 'BEGIN; SAVEPOINT s; CREATE TABLE a (x int); SAVEPOINT t; CREATE TABLE b (x int); RELEASE s; ROLLBACK AND CHAIN; CREATE TABLE c (x int); ROLLBACK',
    left: [],
  },
  { sql: 'BEGIN; CREATE TABLE a (x int); COMMIT AND CHAIN; CREATE TABLE b (x int); ROLLBACK', left: ['public.a'] },
  { sql: 'CREATE TEMP TABLE a (x int); CREATE TABLE b (x int); DISCARD TEMP', left: ['public.b'] },
  { sql: 'CREATE TEMP TABLE a (x int); CREATE TEMP VIEW v AS SELECT 1; DISCARD ALL', left: [] },
  {
    sql: 'BEGIN; CREATE TEMP TABLE a (x int) ON COMMIT DROP; CREATE TEMP TABLE b (x int); COMMIT',
    left: ['pg_temp.b'],
  },
  { sql: 'BEGIN; CREATE TEMP TABLE a ON COMMIT DROP AS SELECT 1 AS x; COMMIT', left: [] },
  { sql: 'SET search_path TO "My App", public; CREATE TABLE a (x int)', left: ['My App.a'] },
  { sql: "SET search_path TO 'a, b'; CREATE TABLE t (x int)", left: ['a, b.t'] },
  { sql: "SELECT set_config('search_path', '\"$user\", app, public', false); CREATE TABLE a (x int)", left: ['app.a'] },
  { sql: 'SET search_path TO app; RESET search_path; CREATE TABLE a (x int)', left: ['public.a'] },
  { sql: 'SET search_path TO app; RESET ALL; CREATE TABLE a (x int)', left: ['public.a'] },
  { sql: 'SET search_path TO app; DISCARD ALL; CREATE TABLE a (x int)', left: ['public.a'] },
  { sql: 'BEGIN; SET LOCAL search_path TO app; COMMIT; CREATE TABLE a (x int)', left: ['public.a'] },
  { sql: 'BEGIN; SET search_path TO app; ROLLBACK; CREATE TABLE a (x int)', left: ['public.a'] },
  {
    sql: 'BEGIN; SET LOCAL lock_timeout TO 1; SET search_path TO app; COMMIT; CREATE TABLE a (x int)',
    left: ['app.a'],
  },
  {
    sql: 'CREATE SCHEMA app CREATE VIEW v AS SELECT * FROM t CREATE TABLE t (x int); CREATE TABLE u (x int)',
    left: ['app.t', 'app.v', 'public.u'],
  },
])('$sql', ({ sql, left }) => {
  expect([...after(sql).relations.keys()].sort()).toEqual(left);
});

test('temporary tables and settings end with their file', () => {
  const catalog = after(
    'CREATE TEMP TABLE a (x int); SET search_path TO app; SET lock_timeout TO 1',
    'CREATE TABLE a (x int)',
  );
  expect([...catalog.relations.keys()]).toEqual(['public.a']);
  expect(catalog.settings.size).toBe(0);
});
