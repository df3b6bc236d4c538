import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, type Statement as TheirStatement } from 'pgsql-ast-parser';
import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import type { Statement } from '../../src/sql/statement.ts';
import { ourNames } from './our-names.ts';
import { theirNames } from './their-names.ts';

/** Spellings in which a reader can go wrong, of kinds of statements that the other sources lack. */
const SPELLINGS = String.raw`
CREATE TABLE "App"."Order Items" ("Id" bigint PRIMARY KEY, "größe" int CONSTRAINT positive CHECK ("größe" > 0), UPPER text);
CREATE TABLE child (CONSTRAINT own PRIMARY KEY (a, b), a int, b int REFERENCES "App".parents (id)) INHERITS (parent);
CREATE TABLE copied (LIKE "Original" INCLUDING ALL, extra int);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Odd Name" ON app.users USING btree (lower(email), "Id") WHERE deleted_at IS NULL;
ALTER TABLE app.users RENAME COLUMN "Mail" TO email;
ALTER TABLE app.users RENAME CONSTRAINT users_pkey TO users_key;
ALTER TABLE app.users RENAME TO people;
ALTER TABLE ONLY app.users ADD CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES other.pairs (x, y), DROP CONSTRAINT IF EXISTS old, ALTER COLUMN c SET NOT NULL;
ALTER INDEX app.users_email RENAME TO users_mail;
DROP TABLE IF EXISTS a, s.b, "C" CASCADE;
DROP INDEX CONCURRENTLY IF EXISTS app.users_email;
CREATE OR REPLACE VIEW app.totals AS SELECT o.id, sum(i.price) FROM app.orders o JOIN items AS i ON i.order_id = o.id WHERE o.id IN (SELECT id FROM open_orders) GROUP BY o.id;
WITH recent AS (SELECT id FROM orders) SELECT * FROM recent JOIN app.users ON users.id = recent.id;
INSERT INTO app.archive (id, "Total") SELECT id, total FROM orders ON CONFLICT DO NOTHING;
UPDATE app.users AS u SET "Name" = n.name, age = 1 FROM names n WHERE n.id = u.id;
DELETE FROM app.users WHERE id IN (SELECT user_id FROM banned);
TRUNCATE TABLE a, s.b CASCADE;
CREATE SCHEMA IF NOT EXISTS "App";
CREATE TYPE app.mood AS ENUM ('sad', 'so so');
CREATE SEQUENCE app.numbers;
SELECT 1 UNION ALL SELECT id FROM "T";
`;

beforeAll(loadParser);

function sources(): { readonly path: string; readonly text: string }[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('graphile-worker/package.json')), 'sql');
  return [
    ...readdirSync(folder).map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') })),
    ...rules.flatMap(({ name, examples }) =>
      [...examples.bad, ...examples.good].flatMap(({ sql, before = '' }) =>
        [before, sql].map((text) => ({ path: `rules/${name}`, text })),
      ),
    ),
    { path: 'spellings', text: SPELLINGS },
  ];
}

/** Each statement once. */
function statements(): Statement[] {
  const all = sources().flatMap(
    ({ path, text }) => parseScript(path, text, { GRAPHILE_WORKER_SCHEMA: '"graphile_worker"' }).statements,
  );
  return [...new Map(all.map((statement) => [statement.text, statement])).values()];
}

function readByThem(text: string): TheirStatement | null {
  try {
    const [statement] = parse(text);
    return statement ?? null;
  } catch {
    return null;
  }
}

test('a second, independent reader finds the same tables, columns and indexes', () => {
  const all = statements();
  const read = all.flatMap(({ text, action }) => {
    const theirs = readByThem(text);
    return theirs === null ? [] : [{ text, ours: ourNames(action), theirs: theirNames(theirs) }];
  });
  const compared = read.filter(({ theirs }) => theirs !== null);
  console.info(`second reader: ${all.length} statements, ${read.length} read, ${compared.length} compared`);

  expect(compared.filter(({ ours, theirs }) => !isDeepStrictEqual(ours, theirs))).toEqual([]);
  expect(read.length).toBeGreaterThanOrEqual(150);
  expect(compared.length).toBeGreaterThanOrEqual(130);
});
