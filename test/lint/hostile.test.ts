import { beforeAll, expect, test, vi } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);
// What takes time that grows with the square of the input would not end; how fast a machine is does not matter here.
vi.setConfig({ testTimeout: 120_000 });

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

test('circles of domains and default partitions beside one another end', () => {
  expect(lint('CREATE DOMAIN a AS b; CREATE DOMAIN b AS a; ALTER TABLE t ADD COLUMN c a;')).toEqual([]);
  const defaults = 'CREATE TABLE d PARTITION OF p DEFAULT; CREATE TABLE e PARTITION OF p DEFAULT;';
  expect(
    lint(
      `CREATE TABLE p (a int) PARTITION BY LIST (a); ${defaults} ALTER TABLE p ATTACH PARTITION f FOR VALUES IN (1);`,
    ),
  ).toEqual(['attach-partition-scan']);
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

test('of fifty thousand tables in one statement, the first are named and the others counted', () => {
  const names = Array.from({ length: 50_000 }, (_, n) => `t${n}`);
  const [file] = analyse([parseScript('x.sql', `DROP TABLE ${names.join(', ')};`)], emptyCatalog(), {
    rules,
    severities: {},
    version: 18,
  });
  const [finding] = file?.findings ?? [];
  expect(finding?.message).toContain('public.t7, public.t8 and 49991 more');
  expect(finding?.relations).toHaveLength(50_000);
});

test('commands of psql and data of COPY end where psql says', () => {
  expect(lint(`\\connect app\n${INDEX}`)).toEqual(['create-index-blocking']);
  const copy = "COPY orders FROM stdin;\nit's 1\n\\N 2\n\\.\n";
  expect(lint(`\\set x 1\n${copy}${INDEX}`)).toEqual(['create-index-blocking']);
});

test('an index on a materialized view leaves it one', () => {
  const made =
    'CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a, 2 AS b; CREATE UNIQUE INDEX ON mv (a); CREATE INDEX ON mv (b);';
  expect(lint(`${made} REFRESH MATERIALIZED VIEW mv;`)).toEqual([]);
});

/** Joins what is made of 0 to `count - 1`. */
function many(count: number, of: (number: number) => string, between = ''): string {
  return Array.from({ length: count }, (_, number) => of(number)).join(between);
}

test.each<[string, () => string]>([
  ['100,000 lines of comment', () => many(100_000, (n) => `-- line ${n}\n`)],
  ['100,000 empty statements', () => ';\n'.repeat(100_000)],
  [
    'one INSERT of 100,000 rows',
    () => `INSERT INTO t VALUES ${many(100_000, (n) => `(${n}, 'row ${n} of it', NULL)`, ',\n')};\n`,
  ],
  [
    '5 MB in 50,000 INSERTs',
    () => many(50_000, (n) => `INSERT INTO t (a, b, c) VALUES (${n}, '${'text '.repeat(12)}', 'it''s');\n`),
  ],
  ['100,000 comments in comments', () => `${'/*'.repeat(100_000)}${'*/'.repeat(100_000)}\n`],
  [
    '10,000 tables with three foreign keys each',
    () =>
      many(10_000, (n) => {
        const keys = [1, 2, 3].map((back) => `r${back} int REFERENCES t${Math.max(0, n - back)}`);
        return `CREATE TABLE t${n} (id int PRIMARY KEY, ${keys.join(', ')});\n`;
      }) + 'TRUNCATE t0 CASCADE; DROP TABLE t0 CASCADE;\n',
  ],
  [
    '5,000 partitions',
    () =>
      'CREATE TABLE p (id int) PARTITION BY RANGE (id);\n' +
      many(5_000, (n) => `CREATE TABLE p${n} PARTITION OF p FOR VALUES FROM (${n}) TO (${n + 1});\n`) +
      'CREATE INDEX ON p (id); ALTER TABLE p ADD CHECK (id > 0); ALTER TABLE p ADD COLUMN a int; DROP TABLE p;\n',
  ],
  [
    '20,000 indexes without a name',
    () =>
      `CREATE TABLE u (a int);\n${'CREATE INDEX ON u (a);\n'.repeat(20_000)}ALTER TABLE u RENAME a TO b; DROP TABLE u;\n`,
  ],
  [
    '10,000 constraints without a name',
    () => `CREATE TABLE u (a int);\n${many(10_000, (n) => `ALTER TABLE u ADD CHECK (a > ${n});\n`)}DROP TABLE u;\n`,
  ],
  [
    'a view of a view, 5,000 high',
    () =>
      'CREATE VIEW v0 AS SELECT 1;\n' +
      many(5_000, (n) => `CREATE VIEW v${n + 1} AS SELECT FROM v${n};\n`) +
      'SELECT FROM v5000; DROP VIEW v0 CASCADE;\n',
  ],
  [
    'tables that change their names in a circle',
    () =>
      `CREATE TABLE a (); CREATE TABLE b ();\n${'ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b;\n'.repeat(5_000)}`,
  ],
  ['20,000 transactions', () => 'BEGIN; SELECT 1; COMMIT;\n'.repeat(20_000)],
  [
    '40,000 statements in the transaction that adds a value to an enum',
    () => `BEGIN; ALTER TYPE mood ADD VALUE 'happy';\n${"INSERT INTO t VALUES ('sad');\n".repeat(40_000)}COMMIT;\n`,
  ],
  ['50,000 ALTER TABLEs', () => many(50_000, (n) => `ALTER TABLE t${n % 1_000} ALTER a SET DEFAULT ${n};\n`)],
  [
    '20,000 indexes that are built if they are not there',
    () => many(20_000, (n) => `CREATE INDEX CONCURRENTLY IF NOT EXISTS i${n} ON t (a);\n`),
  ],
  [
    'a history that contradicts itself',
    () =>
      `CREATE TABLE a (id int); CREATE TABLE a (id text); ALTER TABLE a RENAME TO a; ALTER TABLE a RENAME id TO id;
       ALTER TABLE a DROP CONSTRAINT none; ALTER TABLE a VALIDATE CONSTRAINT none; ALTER TABLE a RENAME CONSTRAINT x TO y;
       CREATE INDEX a ON a (id); DROP INDEX a; DROP VIEW a; DROP TABLE a; DROP INDEX nothing_idx; COMMIT; ROLLBACK;\n`,
  ],
])('%s: the statement after it is judged', (_name, sql) => {
  expect(lint(`${sql()}${INDEX}`)).toContain('create-index-blocking');
});

test.each([
  ['50,000 dollar quotes that never end', many(50_000, (n) => `$a${n}$ ;\n`), 50_000],
  ['50,000 parentheses that never close', '( ;\n'.repeat(50_000), 50_000],
  ['100,000 comments that never end', '/*'.repeat(100_000), 1],
  ['20,000 statements that are none', many(20_000, (n) => `CREATE TABEL t${n} (a int);\n`), 20_000],
])('%s: all of it is refused', (_name, sql, faults) => {
  expect(parseScript('x.sql', `${INDEX}\n${sql}`)).toMatchObject({
    statements: [{ kind: 'Index' }],
    faults: { length: faults },
  });
});

test('a name of more than 63 bytes is the name that PostgreSQL cuts it to', () => {
  const long = `${'ü'.repeat(31)}ab`;
  const made = `CREATE TABLE "${long}cd" (id int); CREATE INDEX ON "${long}" (id);`;
  expect(lint(made)).toEqual([]);
  expect(lint(`CREATE TABLE "${'ü'.repeat(31)}" (id int); CREATE INDEX ON "${'ü'.repeat(32)}" (id);`)).toEqual([]);
});
