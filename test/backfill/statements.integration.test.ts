import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { batchSql, EVERYWHERE, type Key, rangeValues } from '../../src/backfill/batches.ts';
import { findRange } from '../../src/backfill/remaining.ts';
import { readFunctions, resolveTarget } from '../../src/backfill/target.ts';
import type { Session } from '../../src/db/session.ts';
import { testDatabase } from '../support/database.ts';
import { specOf } from './support.ts';

const db = testDatabase();
let session: Session;

beforeAll(async () => {
  const setup = await db.session();
  await setup.exec(`
    CREATE TABLE people (id int PRIMARY KEY, name text, lower_name text, n int NOT NULL DEFAULT 0, team int, tags text[], doc jsonb, "Mixed Case" int);
    CREATE TABLE teams (id int PRIMARY KEY, name text, points int, boss int);
    CREATE TABLE orders (customer int, no int, amount numeric, note text, PRIMARY KEY (customer, no));
    CREATE TABLE copies (id int PRIMARY KEY, name text, n int NOT NULL DEFAULT 0);
    CREATE TABLE sums (id int PRIMARY KEY, total numeric, orders bigint);
    CREATE TABLE names (name text PRIMARY KEY);
    CREATE TABLE log (what text, at_id int);
    INSERT INTO people SELECT i, CASE WHEN i % 7 <> 0 THEN 'Name ' || i % 11 END, CASE WHEN i % 5 = 0 THEN 'old' END, i % 4, i % 6,
                              ARRAY['a', 'b' || i % 3], jsonb_build_object('k', i % 3), i % 2 FROM generate_series(1, 40) i;
    INSERT INTO teams SELECT i, 'T' || i, i * 10, i * 3 FROM generate_series(0, 4) i;
    INSERT INTO orders SELECT c, n, c * n, CASE WHEN n = 2 THEN 'x' END FROM generate_series(1, 20) c, generate_series(1, 3) n WHERE (c + n) % 4 <> 0;
    INSERT INTO copies SELECT i, 'there', i FROM generate_series(1, 10) i`);
});

beforeEach(async () => {
  session = await db.session();
});

const TABLES = ['people', 'teams', 'orders', 'copies', 'sums', 'names', 'log'];

/** What all tables hold, in an order of its own. */
async function snapshot(): Promise<string> {
  const parts = TABLES.map((table) => `SELECT '${table} ' || to_jsonb(x)::text AS line FROM ${table} x`);
  const rows = await session.query<{ line: string }>(`${parts.join(' UNION ALL ')} ORDER BY 1`);
  return rows.map(({ line }) => line).join('\n');
}

/** Runs something in a transaction that leaves nothing; returns what it made of the tables, and how many rows it counted. */
async function rolledBack(work: () => Promise<number>): Promise<{ rows: number; tables: string }> {
  await session.exec('BEGIN');
  try {
    return { rows: await work(), tables: await snapshot() };
  } finally {
    await session.exec('ROLLBACK');
  }
}

async function inBatches(sql: string, keys: number): Promise<number> {
  const spec = await specOf('any', sql);
  const statement = await readFunctions(session, spec.statement);
  const target = await resolveTarget(session, statement, null);
  let rows = 0;
  let after: Key | null = null;
  for (;;) {
    const range = await findRange(session, target, { ...EVERYWHERE, after }, keys);
    if (range === null) return rows;
    const { rowCount = 0 } = await session.run(batchSql(statement, target.key, range), rangeValues(range));
    rows += rowCount;
    after = range.upTo;
  }
}

describe('in batches as all at once:', () => {
  test.each([
    // UPDATE
    `UPDATE people SET n = n + 1`,
    `UPDATE people SET n = n + 1 WHERE id > 5`,
    `UPDATE people SET lower_name = lower(name) WHERE lower_name IS NULL OR lower_name = 'old' OR false`,
    `UPDATE people p SET n = p.n + 1 WHERE p.team = 1 OR p.team = 2`,
    `UPDATE ONLY people AS p SET n = 7 WHERE NOT p.n = 1`,
    `UPDATE people * SET n = 8`,
    `UPDATE public.people SET n = people.n + 1`,
    `UPDATE "people" "P x" SET "Mixed Case" = "P x"."Mixed Case" + 1 WHERE "P x"."Mixed Case" = 1`,
    `UPDATE people SET (n, team) = (team, n) WHERE team IS NOT NULL`,
    `UPDATE people SET (n, lower_name) = (SELECT points, teams.name FROM teams WHERE teams.id = people.team) WHERE team < 5`,
    `UPDATE people SET n = DEFAULT, lower_name = DEFAULT WHERE id % 2 = 0`,
    `UPDATE people SET tags[2] = 'z' WHERE tags[2] = 'b1'`,
    `UPDATE people SET doc['k'] = '9' WHERE doc @> '{"k": 1}'`,
    `UPDATE people SET doc = doc || '{"where": "FROM x WHERE y"}' WHERE doc ? 'k' AND doc->>'k' <> '2'`,
    `UPDATE people SET n = t.points FROM teams t WHERE t.id = people.team`,
    `UPDATE people SET n = t.points FROM teams t WHERE t.id = people.team AND t.points > 10 OR people.id = 3 AND t.id = 1`,
    `UPDATE people p SET n = t.points + coalesce(b.n, 0) FROM teams t LEFT JOIN people b ON b.id = t.boss AND b.id < 0 WHERE t.id = p.team`,
    `UPDATE people p SET n = x.total FROM (SELECT customer, sum(amount)::int AS total FROM orders WHERE note IS NULL GROUP BY customer) x WHERE x.customer = p.id`,
    `UPDATE people p SET n = x.v FROM LATERAL (SELECT 1 + 1 AS v) x WHERE p.id < 9`,
    `UPDATE people p SET n = v.n FROM (VALUES (1, 100), (2, 200), (39, 3900)) AS v (id, n) WHERE v.id = p.id`,
    `UPDATE people p SET n = f.i FROM generate_series(1, 40) AS f (i) WHERE f.i = p.id`,
    `UPDATE people p SET n = r.n FROM ROWS FROM (generate_series(1, 3), generate_series(4, 6)) AS r (id, n) WHERE r.id = p.id`,
    `WITH rich AS (SELECT customer FROM orders GROUP BY customer HAVING sum(amount) > 20) UPDATE people SET n = -1 FROM rich WHERE rich.customer = people.id`,
    `WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20) UPDATE people SET n = r.i FROM r WHERE r.i = people.id`,
    `WITH a AS MATERIALIZED (SELECT id FROM teams WHERE points > 10), b AS (SELECT * FROM a WHERE id < 4) UPDATE people p SET n = 0 WHERE p.team IN (SELECT id FROM b) OR p.team IS NULL`,
    `UPDATE people SET n = (SELECT count(*) FROM orders o WHERE o.customer = people.id) WHERE EXISTS (SELECT FROM orders o WHERE o.customer = people.id)`,
    `UPDATE people SET n = CASE WHEN team = 1 THEN 5 ELSE (SELECT max(points) FROM teams) END`,
    `UPDATE people SET name = $$WHERE it's '$1' or $2$$ WHERE name = 'Name 1'`,
    `UPDATE people SET name = E'tab\\' WHERE' WHERE name ~ '^Name \\d$'`,
    `UPDATE people SET name = U&'d\\0061t' WHERE name IS NULL`,
    `/* WHERE */ UPDATE people -- WHERE\n SET n = 3 -- FROM x\n WHERE id < 4 -- OR true\n OR id = 9 -- end`,
    `UPDATE people SET n = 1 WHERE id BETWEEN 3 AND 30`,
    `UPDATE people SET n = 1 WHERE id IN (1, 2, 3) OR id = ANY ('{33,34}')`,
    `UPDATE people SET n = 1 WHERE (id, team) IN (SELECT 7, 1 UNION SELECT 8, 2)`,
    `UPDATE people SET n = 1 WHERE name IS DISTINCT FROM 'Name 1' AND team IS NOT DISTINCT FROM 1`,
    `UPDATE people SET n = 1 WHERE name LIKE 'Name%' ESCAPE '!' COLLATE "C"`,
    `UPDATE people SET n = 1 WHERE ROW (team, n) < ROW (3, 1)`,
    `UPDATE people SET n = extract(year FROM date '2020-01-01') WHERE substring(name FROM 6) = '1'`,
    `UPDATE people SET n = position('a' IN name) WHERE trim(BOTH 'N' FROM name) IS NOT NULL`,
    `UPDATE people SET n = 5 WHERE CURRENT_DATE > '2000-01-01' AND true`,
    `UPDATE people SET n = n + 1 WHERE EXISTS (SELECT FROM people o WHERE o.id = people.id + 1)`,
    `UPDATE orders SET amount = amount + 1`,
    `UPDATE orders o SET note = t.name FROM teams t WHERE t.id = o.no AND (o.note IS NULL OR o.amount > 9)`,
    `UPDATE people SET n = (SELECT sum(x) FROM unnest(ARRAY[1, 2, people.id]) AS x)`,
    `UPDATE people SET n = people.n + u.c FROM teams JOIN (SELECT customer, count(*) AS c FROM orders GROUP BY 1) u ON u.customer = teams.id WHERE teams.id = people.team`,
    // DELETE
    `DELETE FROM people`,
    `DELETE FROM people WHERE n = 1 OR team = 2`,
    `DELETE FROM ONLY people p WHERE p.id % 2 = 0`,
    `DELETE FROM orders WHERE customer IN (SELECT id FROM people WHERE team = 3)`,
    `DELETE FROM people USING teams WHERE teams.id = people.team AND teams.points >= 20`,
    `DELETE FROM people p USING teams t JOIN orders o ON o.no = t.id WHERE o.customer = p.id OR p.id = 40 AND t.id = 1`,
    `WITH w AS (SELECT id FROM teams) DELETE FROM people p USING w WHERE w.id = p.team`,
    `DELETE FROM people WHERE NOT EXISTS (SELECT FROM orders WHERE customer = people.id)`,
    `DELETE FROM orders AS "where" WHERE "where".note = 'x'`,
    // INSERT … SELECT
    `INSERT INTO copies SELECT id + 100, name FROM people`,
    `INSERT INTO copies (id, name) SELECT p.id, p.name FROM people p WHERE p.id > 10 AND p.name IS NOT NULL OR p.id = 12`,
    `INSERT INTO copies SELECT id, name, n FROM people ON CONFLICT DO NOTHING`,
    `INSERT INTO copies AS c SELECT id, name, n FROM people ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n, name = excluded.name WHERE c.name = 'there' OR false`,
    `INSERT INTO copies SELECT id, name, n FROM people WHERE n > 0 OR team = 1 ON CONFLICT ON CONSTRAINT copies_pkey DO UPDATE SET n = 99`,
    `INSERT INTO log SELECT 'WHERE ON CONFLICT ' || p.name, t.id FROM people p JOIN teams t ON t.id = p.team`,
    `INSERT INTO log SELECT t.name, p.id FROM people p LEFT JOIN teams t ON t.id = p.team WHERE t.id IS NULL OR p.n = 1`,
    `INSERT INTO log SELECT t.name, p.id FROM people p, teams t WHERE p.team = t.id OR p.team = 5`,
    `INSERT INTO log SELECT x.tag, p.id FROM people p CROSS JOIN LATERAL unnest(p.tags) AS x (tag)`,
    `INSERT INTO log SELECT p.name, (SELECT count(*) FROM orders o WHERE o.customer = p.id) FROM people p`,
    `INSERT INTO log WITH t AS (SELECT id FROM teams WHERE points > 10) SELECT p.name, p.id FROM people p JOIN t ON t.id = p.team ORDER BY p.name`,
    `WITH t AS (SELECT id FROM teams) INSERT INTO log SELECT p.name, p.id FROM people p WHERE p.team IN (SELECT id FROM t)`,
    `INSERT INTO log SELECT p.name, p.id FROM people p WHERE p.n = 1 FOR UPDATE OF p`,
    `INSERT INTO log SELECT note, customer FROM orders`,
    `INSERT INTO log OVERRIDING USER VALUE SELECT note, customer FROM orders o WHERE note IS NOT NULL`,
    `INSERT INTO log (SELECT name, id FROM people)`,
    `INSERT INTO log ((SELECT name, id FROM people p WHERE n = 1 OR n = 2))`,
    `INSERT INTO copies (id, name) (SELECT id, name FROM people WHERE n = 1 ORDER BY id) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE copies.id > 3`,
    `INSERT INTO copies (id, name) (WITH t AS (SELECT 1 AS one) SELECT p.id + 500, p.name FROM (people p CROSS JOIN t))`,
    `INSERT INTO sums SELECT p.id, sum(o.amount), count(*) FROM people p JOIN orders o ON o.customer = p.id GROUP BY p.id`,
    `INSERT INTO sums SELECT p.id, sum(o.amount), count(o.no) FROM people p LEFT JOIN orders o ON o.customer = p.id AND o.no > 1 WHERE p.team < 4 OR p.team IS NULL GROUP BY 1, p.name HAVING count(*) > 1 OR p.name IS NULL`,
    `INSERT INTO log SELECT DISTINCT t.name, p.id FROM people p JOIN teams t ON t.id >= p.team WHERE p.id < 30`,
    `INSERT INTO log SELECT DISTINCT ON (p.id) t.name, p.id FROM people p JOIN teams t ON t.id >= p.team ORDER BY p.id, t.id`,
    `INSERT INTO log SELECT max(o.note), o.customer FROM orders o GROUP BY o.customer, o.no`,
    `INSERT INTO names SELECT name FROM people WHERE name IS NOT NULL ON CONFLICT DO NOTHING`,
  ])('%s', async (sql) => {
    const whole = await rolledBack(async () => (await session.run(sql)).rowCount ?? 0);
    for (const keys of [1, 7]) {
      expect(await rolledBack(() => inBatches(sql, keys))).toEqual(whole);
    }
  });
});
