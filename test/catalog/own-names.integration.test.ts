import { beforeAll, expect, test } from 'vitest';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();
beforeAll(loadParser);

const TABLE = 't'.repeat(63);
const COLUMN = 'c'.repeat(62);
// 64 bytes, of which PostgreSQL keeps 62: no half characters.
const UMLAUTS = `u${'ü'.repeat(31)}1`;

test.each([
  ['short', 'CREATE TABLE t (a serial UNIQUE, b int CHECK (b > 0) REFERENCES t (a), CHECK (b > 1), CHECK (a > b));'],
  [
    'taken',
    'CREATE SEQUENCE t_a_seq; CREATE TABLE t_b_idx (a int); CREATE TABLE t (a serial, b int); CREATE INDEX ON t (b);',
  ],
  ['numbered', 'CREATE TABLE t (a int); CREATE INDEX ON t (a); CREATE INDEX ON t (a); CREATE INDEX ON t (a);'],
  [
    'free again',
    'CREATE TABLE t (a int); CREATE INDEX ON t (a); CREATE INDEX ON t (a); DROP INDEX t_a_idx; CREATE INDEX ON t (a); CREATE INDEX ON t (a);',
  ],
  ['renamed', 'CREATE TABLE t (a int); CREATE INDEX ON t (a); ALTER INDEX t_a_idx RENAME TO i; CREATE INDEX ON t (a);'],
  [
    'the table renamed',
    'CREATE TABLE t (a int CHECK (a > 0)); ALTER TABLE t RENAME TO u; ALTER TABLE u ADD CHECK (a > 1);',
  ],
  [
    'equal',
    'CREATE TABLE t (a int UNIQUE, b int, PRIMARY KEY (a), CONSTRAINT k UNIQUE (a), UNIQUE (a, b), UNIQUE (b, a));',
  ],
  ['by an index', 'CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD UNIQUE USING INDEX i;'],
  [
    'a key whose name an index has',
    'CREATE TABLE t (a int); CREATE INDEX t_a_key ON t (a); ALTER TABLE t ADD UNIQUE (a);',
  ],
  [
    'as long as names get',
    `CREATE TABLE ${TABLE} (${COLUMN} serial UNIQUE, b int CHECK (b > 0) REFERENCES ${TABLE} (${COLUMN}));
     CREATE INDEX ON ${TABLE} (${COLUMN}, b); CREATE INDEX ON ${TABLE} (${COLUMN}, b); CREATE INDEX ON ${TABLE} (b);`,
  ],
  [
    'longer than names get',
    `CREATE TABLE ${TABLE}xyz (a int); ALTER TABLE ${TABLE} ADD COLUMN b${COLUMN}xyz int UNIQUE;`,
  ],
  [
    'characters of two bytes',
    `CREATE TABLE ${TABLE} ("${UMLAUTS}" int UNIQUE, b int, UNIQUE (b, "${UMLAUTS}")); CREATE INDEX ON ${TABLE} ("${UMLAUTS}", b);`,
  ],
])('names that PostgreSQL makes: %s', async (name, sql) => {
  const schema = `names_${name.replaceAll(/\W/g, '_')}`;
  const session = await db.session();
  await session.exec(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${sql}`);
  const rows = await session.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace
     UNION SELECT conname FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype <> 'n'`,
    [schema],
  );
  expect(namesIn(sql)).toEqual(rows.map((row) => row.name).sort());
});

function namesIn(sql: string): string[] {
  const catalog = emptyCatalog();
  for (const { action } of parseScript('x.sql', sql).statements) fold(catalog, action);
  const names = new Set<string>();
  for (const relation of catalog.relations.values()) {
    names.add(relation.name);
    if (relation.kind !== 'table') continue;
    for (const { name, kind } of relation.constraints.values()) if (kind !== 'not-null') names.add(name);
  }
  return [...names].sort();
}
