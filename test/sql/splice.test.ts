import { beforeAll, describe, expect, test } from 'vitest';
import { readBatchStatement, type BatchStatement } from '../../src/sql/batch-statement.ts';
import { withServerFunctions } from '../../src/sql/changing-values.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { remainingQuery } from '../../src/sql/remaining.ts';
import { spliceCondition } from '../../src/sql/splice.ts';

beforeAll(loadParser);

function read(sql: string): BatchStatement {
  const statement = readBatchStatement(sql);
  if (statement.kind === 'refused') throw new Error(statement.reason);
  return statement;
}

const spliced = (sql: string): string => {
  const statement = read(sql);
  return spliceCondition(statement, `${statement.reference}.id > $1 AND ${statement.reference}.id <= $2`);
};

describe('the key range is put into', () => {
  test.each([
    ['UPDATE t SET a = 1', 'UPDATE t SET a = 1 WHERE (t.id > $1 AND t.id <= $2)'],
    ['-- all\nUPDATE t SET a = 1 WHERE b;', 'UPDATE t SET a = 1 WHERE (b) AND (t.id > $1 AND t.id <= $2)'],
    [
      'UPDATE t SET a = 1 WHERE a IS NULL OR b',
      'UPDATE t SET a = 1 WHERE (a IS NULL OR b) AND (t.id > $1 AND t.id <= $2)',
    ],
    ['UPDATE t SET a = 1 WHERE a AND b', 'UPDATE t SET a = 1 WHERE (a AND b) AND (t.id > $1 AND t.id <= $2)'],
    ['UPDATE app.t SET a = 1', 'UPDATE app.t SET a = 1 WHERE (app.t.id > $1 AND app.t.id <= $2)'],
    [
      'UPDATE ONLY "T" AS "x y" SET a = 1',
      'UPDATE ONLY "T" AS "x y" SET a = 1 WHERE ("x y".id > $1 AND "x y".id <= $2)',
    ],
    ['UPDATE ONLY (t) x SET a = 1', 'UPDATE ONLY (t) x SET a = 1 WHERE (x.id > $1 AND x.id <= $2)'],
    ['UPDATE t SET a = 1 WHERE b -- not done yet', 'UPDATE t SET a = 1 WHERE (b) AND (t.id > $1 AND t.id <= $2)'],
    [
      'UPDATE t SET a = 1 WHERE b -- one\n OR c /* two */;',
      'UPDATE t SET a = 1 WHERE (b -- one\n OR c) AND (t.id > $1 AND t.id <= $2)',
    ],
    [
      `UPDATE t SET a = 'where', b = x.where FROM (SELECT 1 AS where WHERE true) x WHERE x.where = $$ where $$`,
      `UPDATE t SET a = 'where', b = x.where FROM (SELECT 1 AS where WHERE true) x WHERE (x.where = $$ where $$) AND (t.id > $1 AND t.id <= $2)`,
    ],
    [
      'WITH x AS (SELECT 1 WHERE true) UPDATE t SET a = b IS DISTINCT FROM c FROM x WHERE ä',
      'WITH x AS (SELECT 1 WHERE true) UPDATE t SET a = b IS DISTINCT FROM c FROM x WHERE (ä) AND (t.id > $1 AND t.id <= $2)',
    ],
    ['DELETE FROM t', 'DELETE FROM t WHERE (t.id > $1 AND t.id <= $2)'],
    [
      `DELETE FROM t d USING u JOIN v USING (w) WHERE d.id = u.id OR '🐘' = v.x`,
      `DELETE FROM t d USING u JOIN v USING (w) WHERE (d.id = u.id OR '🐘' = v.x) AND (d.id > $1 AND d.id <= $2)`,
    ],
    ['INSERT INTO a SELECT * FROM t', 'INSERT INTO a SELECT * FROM t WHERE (t.id > $1 AND t.id <= $2)'],
    [
      'INSERT INTO a (x) SELECT t.x FROM s.t LEFT JOIN u ON conflict ON CONFLICT (x) WHERE x > 1 DO UPDATE SET x = 1 WHERE a.x = 3',
      'INSERT INTO a (x) SELECT t.x FROM s.t LEFT JOIN u ON conflict WHERE (s.t.id > $1 AND s.t.id <= $2) ON CONFLICT (x) WHERE x > 1 DO UPDATE SET x = 1 WHERE a.x = 3',
    ],
    [
      'INSERT INTO a (SELECT x FROM t WHERE y OR z) ON CONFLICT DO UPDATE SET x = 1 WHERE a.x = 3',
      'INSERT INTO a (SELECT x FROM t WHERE (y OR z) AND (t.id > $1 AND t.id <= $2)) ON CONFLICT DO UPDATE SET x = 1 WHERE a.x = 3',
    ],
    [
      'INSERT INTO a SELECT x, count(*) FROM t JOIN u USING (id) GROUP BY x HAVING true',
      'INSERT INTO a SELECT x, count(*) FROM t JOIN u USING (id) WHERE (t.id > $1 AND t.id <= $2) GROUP BY x HAVING true',
    ],
    [
      'INSERT INTO a WITH c AS (SELECT 1) SELECT x FROM (t AS b JOIN c ON true), u WHERE y OR z ORDER BY x FOR UPDATE',
      'INSERT INTO a WITH c AS (SELECT 1) SELECT x FROM (t AS b JOIN c ON true), u WHERE (y OR z) AND (b.id > $1 AND b.id <= $2) ORDER BY x FOR UPDATE',
    ],
  ])('%s', (sql, expected) => {
    expect(spliced(sql)).toBe(expected);
  });
});

describe('it is refused', () => {
  test.each([
    ['SELECT 1', 'is not an UPDATE'],
    ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', 'is not an UPDATE'],
    ['UPDATE t SET a = $1', 'has a parameter'],
    ['UPDATE t SET a = 1 RETURNING id', 'has RETURNING'],
    ['DELETE FROM t WHERE CURRENT OF c', 'has WHERE CURRENT OF'],
    ['WITH d AS (DELETE FROM u RETURNING id) UPDATE t SET a = 1 FROM d WHERE d.id = t.id', 'changes rows in its WITH'],
    ['UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 1000)', 'limits its rows itself'],
    ['WITH b AS (SELECT id FROM t LIMIT 9) DELETE FROM t USING b WHERE b.id = t.id', 'limits its rows itself'],
    ['DELETE FROM t USING (SELECT id FROM t ORDER BY id LIMIT 10) q WHERE q.id = t.id', 'limits its rows itself'],
    ['DELETE FROM t WHERE id = ANY (ARRAY(SELECT id FROM t OFFSET 10))', 'limits its rows itself'],
    ['DELETE FROM t USING (SELECT id FROM (SELECT * FROM t) x LIMIT 10) q WHERE q.id = t.id', 'limits its rows itself'],
    [
      'WITH all_of AS (SELECT id FROM t) DELETE FROM t WHERE id IN (SELECT id FROM all_of LIMIT 10)',
      'limits its rows itself',
    ],
    [
      'DELETE FROM t WHERE id IN ((SELECT id FROM t LIMIT 5) UNION ALL (SELECT id FROM u))',
      'limits its rows itself, by a subquery on t with LIMIT or OFFSET',
    ],
    ['DELETE FROM t WHERE n < (SELECT count(*) FROM t)', 'with an aggregate'],
    ['DELETE FROM t WHERE n >= ALL (SELECT n FROM t)', 'with ALL'],
    ['UPDATE t SET n = (SELECT n FROM t GROUP BY n HAVING n > 3)', 'with GROUP BY'],
    [
      'UPDATE t SET n = q.n FROM (SELECT id, row_number() OVER () AS n FROM t) q WHERE q.id = t.id',
      'reads t, which it changes, by a subquery with a window function',
    ],
    ['UPDATE t SET n = (SELECT DISTINCT n FROM app.t)', 'with DISTINCT'],
    ['INSERT INTO s SELECT id, (SELECT v FROM s ORDER BY v DESC LIMIT 1) FROM t', 'limits its rows itself'],
    ['INSERT INTO a VALUES (1)', 'is an INSERT without a SELECT'],
    ['INSERT INTO a DEFAULT VALUES', 'is an INSERT without a SELECT'],
    ['INSERT INTO a SELECT 1', 'has a SELECT without FROM'],
    ['INSERT INTO a SELECT x FROM t UNION SELECT y FROM u', 'joins several SELECTs'],
    ['INSERT INTO a SELECT x FROM t GROUP BY ROLLUP (id)', 'has several GROUPINGs'],
    ['INSERT INTO a SELECT 1 FROM t HAVING count(*) > 1', 'has HAVING without GROUP BY'],
    ['INSERT INTO a SELECT row_number() OVER () FROM t', 'has a window function'],
    ['INSERT INTO a SELECT x FROM t LIMIT 1', 'has LIMIT'],
    ['INSERT INTO a SELECT x FROM u RIGHT JOIN t ON true', 'starts with a RIGHT or FULL JOIN'],
    ['INSERT INTO a SELECT x FROM (SELECT 1 AS x) s', 'does not read a table first'],
    ['WITH c AS (SELECT 1 AS x) INSERT INTO a SELECT x FROM c', 'reads the WITH query c first'],
    ['INSERT INTO a SELECT x FROM a', 'reads the table that it fills'],
  ])('%s', (sql, reason) => {
    expect(readBatchStatement(sql)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(reason) as unknown,
    });
  });
});

describe('the WHERE tells what is left to do', () => {
  test.each([
    'UPDATE t SET a = lower(b) WHERE a IS NULL',
    'UPDATE t SET a = lower(a) WHERE a <> lower(a) AND b',
    'UPDATE t x SET a = lower(x.a) WHERE lower(x.a) IS DISTINCT FROM x.a',
    `UPDATE t SET state = 'b' WHERE state = 'a'`,
    'UPDATE t SET a = u.a FROM u WHERE u.id = t.id AND t.a IS NULL',
    'UPDATE t SET n = n + 1 WHERE n = 0',
    'UPDATE t x SET a = 1, n = x.n - 2 WHERE active AND x.n = -7',
    'DELETE FROM t',
    'DELETE FROM t WHERE id IN (SELECT id FROM u ORDER BY n LIMIT 10)',
    'UPDATE t SET a = (SELECT max(n) FROM u WHERE u.id = t.id) WHERE a IS NULL',
  ])('%s', (sql) => {
    expect(read(sql).progress).toEqual({ kind: 'tells' });
  });

  test.each([
    ['UPDATE t SET n = n + 1', 'the statement has no WHERE'],
    ['UPDATE t SET n = n + 1 WHERE active', 'its WHERE does not look at a column that it sets'],
    ['UPDATE t SET n = t.n + 1 WHERE n < 10', 'the new value is made from the old one'],
    ['UPDATE t SET n = n + 0 WHERE n = 0', 'the new value is made from the old one'],
    ['UPDATE t SET n = n + 1 WHERE n = 0 OR n = 1', 'the new value is made from the old one'],
    ['UPDATE t SET n = n + 1 WHERE n = m', 'the new value is made from the old one'],
    ['UPDATE t SET n = n * 2 WHERE n = 0', 'the new value is made from the old one'],
    ['UPDATE t SET n = n + 0.1 WHERE n = 0', 'the new value is made from the old one'],
    ['UPDATE t SET n = n + 1 WHERE n = 16777216', 'the new value is made from the old one'],
    ['UPDATE t SET m = n + 1 WHERE n = 0', 'its WHERE does not look at a column that it sets'],
    ['UPDATE t SET a = 1, n = n + 1 WHERE a IS NULL', 'the new value is made from the old one'],
    [
      'UPDATE t SET n = s.n FROM (SELECT id, n + 1 AS n FROM t) s WHERE s.id = t.id AND t.n < 10',
      'it reads the table that it changes',
    ],
    ['UPDATE t SET a = 1 WHERE a IS NULL AND id IN (SELECT id FROM t)', 'it reads the table that it changes'],
    ['DELETE FROM t WHERE EXISTS (SELECT FROM t o WHERE o.id < t.id)', 'it reads the table that it changes'],
    ['DELETE FROM t USING t o WHERE o.id < t.id', 'it reads the table that it changes'],
    ['INSERT INTO a SELECT x FROM t', 'an INSERT leaves no mark on the rows that it has read'],
  ])('but not in %s', (sql, reason) => {
    expect(read(sql).progress).toEqual({ kind: 'cannot-tell', reason });
  });
});

describe('a new value that is another one every time', () => {
  const isChanging = ({ name }: { name: string }): boolean => name === 'random' || name === 'now';

  test.each([
    'UPDATE t SET a = random() WHERE a IS NULL AND b',
    'UPDATE t SET at = now(), a = lower(b) WHERE a IS NULL',
    'UPDATE t SET a = lower(b) WHERE a <> lower(b)',
  ])('is told by %s', (sql) => {
    expect(withServerFunctions(read(sql), isChanging).progress).toEqual({ kind: 'tells' });
  });

  test.each([
    'UPDATE t SET a = random() WHERE a < 2',
    'UPDATE t SET a = random() WHERE a IS NULL OR b',
    'UPDATE t SET a = current_timestamp WHERE a <> current_timestamp',
    'UPDATE t SET a = DEFAULT WHERE a < 3',
    'UPDATE t SET a = q.a FROM (SELECT random() AS a) q WHERE t.a > 0',
  ])('is not told by %s', (sql) => {
    expect(withServerFunctions(read(sql), isChanging).progress).toEqual({
      kind: 'cannot-tell',
      reason: 'the new value is another one every time',
    });
  });

  test('does not count as left to do', () => {
    const statement = withServerFunctions(read('UPDATE t SET at = now(), a = lower(b) WHERE a IS NULL'), isChanging);
    expect(remainingQuery(statement, 'true', true)).toContain(
      'WHERE (a IS NULL) AND (t.a IS DISTINCT FROM (lower(b)))',
    );
  });
});

describe('what its rows are grouped by', () => {
  test.each<[string, readonly { clause: string; columns: string[] }[]]>([
    [
      'INSERT INTO a SELECT t.id, count(*) FROM t JOIN u ON true GROUP BY t.id, u.id, v',
      [{ clause: 'GROUP BY', columns: ['id', 'v'] }],
    ],
    ['INSERT INTO a SELECT x.id, 1 FROM s.t x GROUP BY 1, 2, lower(k)', [{ clause: 'GROUP BY', columns: ['id'] }]],
    ['INSERT INTO a SELECT DISTINCT id, lower(b), u.c FROM t, u', [{ clause: 'DISTINCT', columns: ['id'] }]],
    ['INSERT INTO a SELECT DISTINCT ON (id, t.k) 1 FROM t', [{ clause: 'DISTINCT', columns: ['id', 'k'] }]],
    ['INSERT INTO a SELECT DISTINCT ON (id) b AS id FROM t', [{ clause: 'DISTINCT', columns: [] }]],
    [
      'INSERT INTO a SELECT DISTINCT 1 FROM t GROUP BY id',
      [
        { clause: 'GROUP BY', columns: ['id'] },
        { clause: 'DISTINCT', columns: [] },
      ],
    ],
    ['INSERT INTO a SELECT id FROM t', []],
  ])('%s', (sql, groupings) => {
    expect(read(sql).groupings).toEqual(groupings);
  });
});

test('what is left is counted by the same WHERE, without rows that have their new values', () => {
  const statement = read(
    'WITH w AS (SELECT 1) UPDATE app.t AS x SET "A" = u.b, c = f(1, 2) FROM u, w WHERE u.id = x.id AND x."A" IS NULL',
  );
  expect(remainingQuery(statement, 'x.id <= $1', true)).toBe(
    'WITH w AS (SELECT 1) SELECT pg_catalog.count(*) AS count FROM app.t AS x WHERE ' +
      'EXISTS (SELECT FROM u, w WHERE (u.id = x.id AND x."A" IS NULL) AND ' +
      '(x."A" IS DISTINCT FROM (u.b) OR x.c IS DISTINCT FROM (f(1, 2)))) AND (x.id <= $1)',
  );
  expect(remainingQuery(read('UPDATE t SET (a, b) = (1, 2) WHERE a IS NULL'), 'true', true)).toBe(
    'SELECT pg_catalog.count(*) AS count FROM t WHERE (a IS NULL) AND (true)',
  );
  expect(remainingQuery(read('DELETE FROM ONLY t'), 'true', true)).toBe(
    'SELECT pg_catalog.count(*) AS count FROM ONLY t WHERE true AND (true)',
  );
  expect(remainingQuery(read('UPDATE t SET a = 1'), 'true', true)).toBeNull();
});
