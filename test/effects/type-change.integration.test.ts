import { beforeAll, expect, inject, test } from 'vitest';
import { beginFile, type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import { effects } from '../../src/effects/effects.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();
const version = inject('serverVersion');

beforeAll(loadParser);

const TYPES_OF_ITS_OWN = `
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN plain AS text;
CREATE DOMAIN over_plain AS plain;
CREATE DOMAIN over_positive AS positive;
CREATE DOMAIN short AS varchar(10);
CREATE DOMAIN list AS int[];
CREATE DOMAIN given AS text NOT NULL;
`;

/** Every pair of them is tried. */
const SPELLINGS = `
  int; pg_catalog.int4; smallint; bigint; oid; regclass; numeric; numeric(10,2); numeric(12,2); numeric(12,3);
  real; double precision; money; boolean; text; varchar; varchar(10); varchar(20); bpchar; char(3); char(5);
  char; "char"; name; citext; uuid; json; jsonb; xml; bytea; date; timestamp; timestamp(3); timestamptz;
  timestamptz(3); time; time(3); timetz; timetz(3); interval; interval(3); interval day to second;
  interval day to second(3); interval year; inet; cidr; bit(8); bit varying; bit varying(8); bit varying(16);
  int[]; bigint[]; int4[][]; text[]; varchar[]; varchar(5)[]; varchar(9)[]; numeric(5,2)[]; numeric(6,2)[];
  timestamp(3)[]; mood; mood[]; pair; positive; plain; over_plain; short; list; given; positive[]; plain[];
  int4range; hstore; point; xid; regproc`
  .split(';')
  .map((spelling) => spelling.trim());

/** Tries a type change of a table's only column, and takes it back; where there is no cast of its own, with USING. */
const TRY = `
CREATE FUNCTION try(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE before oid := pg_relation_filenode('t');
BEGIN
  EXECUTE change;
  RAISE EXCEPTION USING ERRCODE = 'TT000', MESSAGE = CASE WHEN pg_relation_filenode('t') = before THEN 'keep' ELSE 'rewrite' END;
EXCEPTION
  WHEN SQLSTATE 'TT000' THEN RETURN SQLERRM;
  -- The row is NULL, which only a table that is written anew finds out.
  WHEN not_null_violation THEN RETURN 'rewrite';
  WHEN OTHERS THEN RETURN 'error';
END $$;
CREATE FUNCTION change(new text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text := try(format('ALTER TABLE t ALTER c TYPE %s', new));
BEGIN
  RETURN CASE answer WHEN 'error' THEN try(format('ALTER TABLE t ALTER c TYPE %s USING c::%1$s', new)) ELSE answer END;
END $$;`;

function catalogWith(settings: string): Catalog {
  const catalog = emptyCatalog();
  beginFile(catalog);
  for (const { action } of parseScript('types.sql', `${TYPES_OF_ITS_OWN} ${settings}`).statements)
    fold(catalog, action);
  return catalog;
}

function predicted(catalog: Catalog, from: string, to: string): string {
  const sql = `DROP TABLE IF EXISTS t; CREATE TABLE t (c ${from}); ALTER TABLE t ALTER c TYPE ${to}`;
  const [drop, create, change] = parseScript('change.sql', sql).statements;
  if (drop === undefined || create === undefined || change === undefined) throw new Error(`not parsed: ${sql}`);
  fold(catalog, drop.action);
  fold(catalog, create.action);
  return effects(change.action, catalog, version).relations.some(({ rewrite }) => rewrite) ? 'rewrite' : 'keep';
}

test.each([
  ['Europe/Berlin', SPELLINGS],
  ['UTC', SPELLINGS.filter((type) => /^(?:date|time)/.test(type))],
])('which type changes write rows anew, in the time zone %s', { timeout: 120_000 }, async (zone, types) => {
  const session = await database.session(database.adminUrl);
  await session.exec(`${zone === 'UTC' ? '' : `${TYPES_OF_ITS_OWN}; ${TRY};`} SET timezone TO '${zone}'`);
  const catalog = catalogWith(`SET timezone TO '${zone}'`);
  const wrong: string[] = [];
  let answered = 0;
  for (const from of types) {
    await session.exec(`BEGIN; CREATE TABLE t (c ${from}); ${from === 'given' ? '' : 'INSERT INTO t VALUES (NULL)'}`);
    const rows = await session.query<{ to: string; answer: string }>(
      `SELECT new AS to, change(new) AS answer FROM unnest($1::text[]) AS new`,
      [types],
    );
    await session.exec('ROLLBACK');
    for (const { to, answer } of rows.filter((row) => row.answer !== 'error')) {
      answered += 1;
      const ours = predicted(catalog, from, to);
      if (ours !== answer) wrong.push(`${from} > ${to}: ${ours}, but the server: ${answer}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(answered).toBeGreaterThan(types.length * 5);
});
