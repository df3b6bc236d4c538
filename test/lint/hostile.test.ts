import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

function lint(sql: string): string[] {
  return analyse([parseScript('x.sql', sql)], emptyCatalog(), { rules, severities: {}, version: 18 }).flatMap(
    ({ findings }) => findings.map(({ rule }) => rule),
  );
}

const INDEX = 'CREATE INDEX ON orders (total);';

test.each([
  ['3,000 terms', `SELECT ${'1 + '.repeat(3_000)} 1`],
  ['3,000 concatenations', `INSERT INTO t SELECT ${"'a' || ".repeat(3_000)} 'a'`],
  ['calls 2,000 deep', `SELECT ${'f('.repeat(2_000)}${')'.repeat(2_000)}`],
])('%s: what cannot be read is said, and the rest is linted', (_name, sql) => {
  const found = lint(`${sql};\n${INDEX}`);
  expect(found).toContain('create-index-blocking');
  expect(found).not.toContain('syntax-error');
});

test('circles of inheritance end', () => {
  expect(lint('ALTER TABLE t INHERIT t; DROP TABLE t CASCADE;')).toEqual(['drop-table']);
  expect(lint('ALTER TABLE a INHERIT b; ALTER TABLE b INHERIT a; ALTER TABLE a ADD COLUMN c int;')).toEqual([]);
});

test('stacks of views cost what they are, not what their paths are', () => {
  const sql = ['CREATE VIEW a0 AS SELECT 1; CREATE VIEW b0 AS SELECT 1;'];
  for (let level = 1; level < 40; level += 1) {
    for (const side of ['a', 'b']) sql.push(`CREATE VIEW ${side}${level} AS SELECT FROM a${level - 1}, b${level - 1};`);
  }
  expect(lint([...sql, 'SELECT FROM a39; DROP VIEW a0 CASCADE;'].join('\n'))).toEqual([]);
});

test('ten thousand suppressions are found by where they are', () => {
  const sql = Array.from(
    { length: 10_000 },
    (_, n) => `-- tiptoe-disable-next-statement create-index-blocking: small\nCREATE INDEX i${n} ON orders (total);\n`,
  );
  expect(lint(sql.join(''))).toEqual([]);
}, 60_000);

test('commands of psql and data of COPY end where psql says', () => {
  expect(lint(`\\connect app\n${INDEX}`)).toEqual(['syntax-error', 'create-index-blocking']);
  const copy = "COPY orders FROM stdin;\nit's 1\n\\N 2\n\\.\n";
  expect(lint(`\\set x 1\n${copy}${INDEX}`)).toEqual(['syntax-error', 'create-index-blocking']);
});

test('an index on a materialized view leaves it one', () => {
  const made =
    'CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a, 2 AS b; CREATE UNIQUE INDEX ON mv (a); CREATE INDEX ON mv (b);';
  expect(lint(`${made} REFRESH MATERIALIZED VIEW mv;`)).toEqual([]);
});
