import { beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
const SMALL = { batchSize: 7, maxBatchSize: 20 };
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

const TYPES = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  ALTER TYPE mood ADD VALUE 'very sad' BEFORE 'sad';
  CREATE TYPE pair AS (a int, b text);
  CREATE DOMAIN code AS text NOT NULL CHECK (VALUE <> 'none') COLLATE "C";
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);`;

/** The statement doubles what it does twice and leaves what it misses, so `n = 1` everywhere says all. */
async function expectEachOnce(name: string, rows: number, header = ''): Promise<void> {
  const result = await run(db.ownerUrl, await specOf(name, `${header}UPDATE "${name}" SET n = n + 1`), {
    settings: SMALL,
  });
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: rows, rowsVisited: rows });
  expect(result.batches).toBeGreaterThan(rows / 20 - 1);
  expect(await value(session, `SELECT count(*) FROM "${name}" WHERE n <> 1`)).toBe('0');
  // By the same keys, in a session of its own.
  const verified = await verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', name, new AbortController().signal);
  expect(verified?.remaining).toMatchObject({ kind: 'cannot-tell', chain: { kind: 'unbroken', rows } });
}

describe('each row once, by a key of', () => {
  test.each([
    ['smallint', 'id smallint', 'i - 50'],
    [
      'bigint at its ends',
      'id bigint',
      `CASE WHEN i % 2 = 0 THEN -9223372036854775808 + i ELSE 9223372036854775807 - i END`,
    ],
    ['numeric with NaN and infinity', 'id numeric', `CASE i WHEN 1 THEN 'NaN' ELSE i / 7.0 END::numeric`],
    [
      'float4 with NaN, infinity and -0',
      'id float4',
      `CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN '-0' WHEN 3 THEN '-Infinity' WHEN 4 THEN 'Infinity' ELSE i / 7.0 END::float4`,
    ],
    [
      'timestamptz with infinity, BC and microseconds',
      'id timestamptz',
      `CASE i WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 BC' ELSE '2026-10-25 00:59:59.999950+00'::timestamptz + i * interval '1 microsecond' END::timestamptz`,
    ],
    ['timestamp', 'id timestamp', `'2026-01-31 23:59:59.999999'::timestamp + i * interval '1 microsecond'`],
    ['date with infinity', 'id date', `CASE i WHEN 1 THEN 'infinity'::date ELSE '2026-01-31'::date + i END`],
    ['interval', 'id interval', `i * interval '1 month -3 days 00:00:00.000001'`],
    ['timetz', 'id timetz', `('10:00:' || i % 60 || '+0' || i % 7)::timetz + i * interval '1 microsecond'`],
    [
      'enum in an order of its own',
      'id mood, at int',
      `(enum_range(NULL::mood))[1 + i % 4], i`,
      'PRIMARY KEY (id, at)',
    ],
    ['domain over text, NOT NULL', 'id code', `chr(33 + i % 90) || E'\\\\"{},' || i`],
    ['domain over int', 'id positive', 'i'],
    ['composite type', 'id pair', `ROW (i % 3, 'x"(),' || i)::pair`],
    ['array', 'id int[]', 'ARRAY[i % 5, i]'],
    ['range', 'id int4range', 'int4range(i % 5, i + 10)'],
    ['jsonb', 'id jsonb', `jsonb_build_object('a', i, 'b', NULL)`],
    ['char(5)', 'id char(5)', 'i::text'],
    ['varchar', 'id varchar(20)', `'  ' || i || '  '`],
    ['name', 'id name', `'N' || i`],
    ['bits', 'id bit(8)', 'i::bit(8)'],
    ['varying bits', 'id varbit', 'i::bit(12)'],
    ['boolean with int', 'b boolean, id int', 'i % 2 = 0, i', 'PRIMARY KEY (b, id)'],
    ['inet', 'id inet', `'10.0.0.0'::inet + i`],
    ['macaddr', 'id macaddr', `('08:00:2b:01:02:' || lpad(to_hex(i), 2, '0'))::macaddr`],
    ['oid', 'id oid', '4294967295 - i'],
    ['LSN', 'id pg_lsn', `'FFFFFFFF/00000000'::pg_lsn + i::numeric`],
    [
      'empty and odd texts',
      'id text',
      `CASE i WHEN 1 THEN '' WHEN 2 THEN 'NULL' WHEN 3 THEN '{}' WHEN 4 THEN E'\\t\\n\\r' ELSE E'\\uFFFD\\U0001F600' || i END`,
    ],
    ['texts of another case first', 'id text COLLATE "en-x-icu"', `CASE WHEN i % 2 = 0 THEN 'ä' ELSE 'Ä' END || i`],
    [
      'mixed types',
      'a uuid, b text COLLATE "C", c timestamptz, d int',
      `md5((i % 4)::text)::uuid, chr(65 + i % 3), now() - i % 5 * interval '1 s', i`,
      'PRIMARY KEY (a, b, c, d)',
    ],
    ['an index that descends', 'id int NOT NULL', 'i', '', 'CREATE UNIQUE INDEX ON "TABLE" (id DESC)'],
    [
      'an index of two columns that descend',
      'a int NOT NULL, b text NOT NULL',
      `i % 4, 'b' || i`,
      '',
      'CREATE UNIQUE INDEX ON "TABLE" (a DESC, b DESC)',
    ],
    ['an index with more columns in it', 'id int NOT NULL', 'i', '', 'CREATE UNIQUE INDEX ON "TABLE" (id) INCLUDE (n)'],
    [
      'a generated column of other columns',
      'a int, id int GENERATED ALWAYS AS (a * 2) STORED',
      'i',
      'PRIMARY KEY (id)',
    ],
    ['a name in need of quotes', '"Order"" by" int', 'i', 'PRIMARY KEY ("Order"" by")'],
  ])('%s', async (what, columns, expression, constraint = '', index = '') => {
    if ((await value(session, `SELECT to_regtype('mood')`)) === null) await session.exec(TYPES);
    const primary = constraint === '' && index === '' ? ' PRIMARY KEY' : '';
    const names = columns
      .split(/, (?=\S+ )/)
      .filter((column) => !column.includes('GENERATED'))
      .map((column) => /^(?:"(?:[^"]|"")+"|\w+)/.exec(column)?.[0]);
    await session.exec(`
      CREATE TABLE "${what}" (${columns}${primary}, n int NOT NULL DEFAULT 0${constraint === '' ? '' : `, ${constraint}`});
      ${index.replace('TABLE', what)};
      INSERT INTO "${what}" (${names.join(', ')}) SELECT ${expression} FROM generate_series(1, 90) i`);
    await expectEachOnce(what, 90);
  });
});

describe('a type from an extension', () => {
  test('is walked in its own order where the search path finds its operators', async () => {
    await session.exec(`
      CREATE SCHEMA ext;
      CREATE EXTENSION citext SCHEMA ext;
      ALTER DATABASE ${db.name} SET search_path = public, ext`);
    await session.exec(`
      CREATE TABLE insensitive (id ext.citext PRIMARY KEY, n int NOT NULL DEFAULT 0);
      INSERT INTO insensitive SELECT CASE WHEN i % 2 = 0 THEN 'k' ELSE 'K' END || i FROM generate_series(1, 90) i`);
    await expectEachOnce('insensitive', 90);
  });

  test('is refused elsewhere: compared as text, rows would be missed', async () => {
    await session.exec(`
      ALTER DATABASE ${db.name} RESET search_path;
      CREATE DOMAIN email AS ext.citext;
      CREATE TABLE unseen (id email PRIMARY KEY, n int NOT NULL DEFAULT 0)`);
    await expect(run(db.ownerUrl, await specOf('unseen', 'UPDATE unseen SET n = n + 1'))).rejects.toMatchObject({
      exitCode: 2,
      message:
        'The key column id of public.unseen has the type ext.citext, whose operators the search path does not find; the keys would be compared in another order than that of their index.',
      advice: 'Add the schema ext to the search_path of the role, or walk another unique key by -- key.',
    });
  });
});

describe('refused, with the reason:', () => {
  const NONE =
    /^public\.refused has no primary key, and no unique index on columns that are NOT NULL\. Without a key only/;

  test.each([
    ['a unique index on a part of the rows', 'id int NOT NULL', '(id) WHERE id > 0', NONE],
    ['a unique index on an expression', 'id int NOT NULL', '(abs(id))', NONE],
    ['a unique index of a column that may be NULL', 'id int', '(id)', NONE],
    ['an index in the order of another collation', 'id text NOT NULL', '(id COLLATE "C")', NONE],
    ['an index with another operator class', 'id text NOT NULL', '(id text_pattern_ops)', NONE],
    ['a constraint that may be deferred', 'id int NOT NULL UNIQUE DEFERRABLE', null, NONE],
    [
      'a key of which the statement sets a part',
      'id int, PRIMARY KEY (id, n)',
      null,
      /^The statement changes n, a column of the key that is walked; rows would move under the walk\.$/,
    ],
    [
      'a key that is generated from what the statement sets',
      'id int GENERATED ALWAYS AS (n * 2) STORED PRIMARY KEY',
      null,
      /^The statement changes n, from which id is generated, a column of the key that is walked; rows would move/,
    ],
  ])('%s', async (_, columns, index, message) => {
    await session.exec(`
      DROP TABLE IF EXISTS refused;
      CREATE TABLE refused (n int, ${columns});
      ${index === null ? '' : `CREATE UNIQUE INDEX ON refused ${index}`}`);
    const spec = await specOf('refused', 'UPDATE refused SET n = n + 1');
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message) as unknown,
    });
  });
});

describe('rows that come while it runs', () => {
  test.each([
    ['ahead of the walk, are met', 'ahead', `VALUES ('zz'), ('{zz,"')`, 0],
    ['behind it, are met by a second pass', 'behind', `VALUES (''), ('000')`, 1],
  ])('%s', async (_, name, rows, passes) => {
    await session.exec(`
      CREATE TABLE ${name} (id text PRIMARY KEY, done bool);
      INSERT INTO ${name} SELECT 'k' || i FROM generate_series(1, 90) i`);
    const other = await db.session();
    const inserted: Promise<unknown>[] = [];
    const spec = await specOf(name, `UPDATE ${name} SET done = true WHERE done IS NULL`);
    const result = await run(db.ownerUrl, spec, {
      settings: { ...SMALL, rate: 60 },
      onEvent({ event }) {
        if (event === 'progress' && inserted.length === 0) inserted.push(other.query(`INSERT INTO ${name} ${rows}`));
      },
    });
    await Promise.all(inserted);
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 92, remaining: { kind: 'proved' } });
    expect(result.events.filter(({ event }) => event === 'pass')).toHaveLength(passes);
    expect(await value(session, `SELECT count(*) FROM ${name} WHERE done`)).toBe('92');
  });
});

test('two hundred partitions in two layers', async () => {
  await session.exec(`
    CREATE TABLE leaves (a int, id int, n int NOT NULL DEFAULT 0, PRIMARY KEY (a, id)) PARTITION BY LIST (a);
    DO $$ BEGIN
      FOR a IN 1..5 LOOP
        EXECUTE format('CREATE TABLE leaves_%s PARTITION OF leaves FOR VALUES IN (%1$s) PARTITION BY RANGE (id)', a);
        FOR i IN 0..39 LOOP
          EXECUTE format('CREATE TABLE leaves_%s_%s PARTITION OF leaves_%1$s FOR VALUES FROM (%3$s) TO (%4$s)', a, i, i * 10, i * 10 + 10);
        END LOOP;
      END LOOP; END $$;
    INSERT INTO leaves SELECT 1 + i % 5, i / 5, 0 FROM generate_series(0, 1999) i`);
  const result = await run(db.ownerUrl, await specOf('leaves', 'UPDATE leaves SET n = n + 1'));
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 2_000, batches: 200 });
  expect(result.remaining).toMatchObject({ chain: { kind: 'unbroken', rows: 2_000 } });
  expect(await value(session, 'SELECT count(*) FROM leaves WHERE n <> 1')).toBe('0');
});
