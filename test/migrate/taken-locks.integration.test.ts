import { expect, inject, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { run } from './support.ts';

const db = testDatabase();

const unforeseen = ({ events }: Awaited<ReturnType<typeof run>>) =>
  events.filter(({ event }) => event === 'unforeseen-lock');

test('a history that is foretold as it is says nothing', async () => {
  const files = {
    '1_a.sql': `CREATE TABLE author (id serial PRIMARY KEY, name text);
      CREATE TABLE book (id serial PRIMARY KEY, author int REFERENCES author, "Title" text);
      CREATE VIEW shelf AS SELECT * FROM book; CREATE MATERIALIZED VIEW stand AS SELECT * FROM book;
      CREATE TABLE log (at date) PARTITION BY RANGE (at); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
    '2_b.sql': `INSERT INTO author (name) VALUES ('Ann'); INSERT INTO book (author) SELECT id FROM author;
      UPDATE book SET "Title" = 'x'; DELETE FROM book; INSERT INTO log VALUES ('2026-05-05'); REFRESH MATERIALIZED VIEW stand`,
    '3_c.sql': `ALTER TABLE book ADD CONSTRAINT later FOREIGN KEY (author) REFERENCES author NOT VALID; CREATE INDEX ON book (author);
      ALTER TABLE author ALTER COLUMN name SET NOT NULL; ALTER TABLE log ADD note text; COMMENT ON TABLE book IS 'x'`,
    '4_d.sql': `ALTER TABLE book RENAME TO volume; ALTER TABLE volume ADD pages int; DROP VIEW shelf; DROP TABLE log;
      CREATE TABLE log (a int); ALTER TABLE log ADD b int; ALTER SEQUENCE author_id_seq CACHE 5`,
    '5_e.sql': 'ALTER TABLE volume VALIDATE CONSTRAINT later',
  };
  const result = await run(db.ownerUrl, files, { schema: 'foretold_own' });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(unforeseen(result)).toEqual([]);
});

test('a lock that the migrations cannot foretell is told, without the text of any statement', async () => {
  const session = await db.session();
  // What the migrations do not show: a partition locks with its parent.
  await session.exec(`
    CREATE TABLE part (a int) PARTITION BY LIST (a); CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1)`);
  const result = await run(
    db.ownerUrl,
    { '1_a.sql': `ALTER TABLE part ADD secret text DEFAULT 'hidden'` },
    {
      schema: 'untold_own',
    },
  );
  expect(result).toMatchObject({ outcome: 'done' });
  expect(unforeseen(result)).toEqual([
    {
      event: 'unforeseen-lock',
      path: '1_a.sql',
      pgVersion: expect.any(Number) as unknown,
      relation: 'public.part_1',
      taken: 'AccessExclusiveLock',
      predicted: null,
      kinds: ['AlterTable'],
      informed: false,
    },
  ]);
});

test('a wrong prediction is found out', async () => {
  const session = await db.session();
  const files = { '1_a.sql': 'CREATE TABLE wrong (a int)' };
  await run(db.ownerUrl, files, { schema: 'wrong_own' });
  // Changed by hand, so that the migrations are wrong about it.
  await session.exec(`
    CREATE TABLE other (a int);
    CREATE FUNCTION lock_other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN LOCK TABLE other; RETURN NEW; END';
    CREATE TRIGGER lock_other BEFORE INSERT ON wrong FOR EACH ROW EXECUTE FUNCTION lock_other()`);
  const result = await run(
    db.ownerUrl,
    { ...files, '2_b.sql': `INSERT INTO wrong VALUES (4711)` },
    { schema: 'wrong_own' },
  );
  expect(unforeseen(result)).toMatchObject([
    { relation: 'public.other', taken: 'AccessExclusiveLock', predicted: null, kinds: ['Insert'], informed: true },
  ]);
  expect(JSON.stringify(unforeseen(result))).not.toContain('4711');
});

/** What is in nobody's way does its work slowly, so that its locks are seen. */
const SLOW = `CREATE FUNCTION slow(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN a; END'`;

test('statements that run alone are foretold as they are', async () => {
  const version = inject('serverVersion');
  const files = {
    '1_a.sql': `CREATE TABLE slowly (a int); INSERT INTO slowly VALUES (1), (2); ${SLOW};
      CREATE TABLE parts (a int) PARTITION BY LIST (a); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
      CREATE TABLE "Odd one" (a int)`,
    '2_b.sql': 'CREATE INDEX CONCURRENTLY slowly_a ON slowly (slow(a))',
    '3_c.sql': 'REINDEX INDEX CONCURRENTLY slowly_a; REINDEX TABLE CONCURRENTLY slowly; REINDEX TABLE slowly',
    '4_d.sql':
      'VACUUM slowly; VACUUM (FULL, ANALYZE) slowly; CLUSTER slowly USING slowly_a; VACUUM; CLUSTER; VACUUM "Odd one"',
    '5_e.sql': 'DROP INDEX CONCURRENTLY slowly_a',
    ...(version >= 14 ? { '6_f.sql': 'ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY' } : {}),
  };
  const session = await db.session();
  await session.exec('CREATE TABLE by_hand (a int)');
  const result = await run(db.ownerUrl, files, { schema: 'Alone own' });
  expect(result, result.message ?? '').toMatchObject({ outcome: 'done' });
  expect(unforeseen(result)).toEqual([]);
});

test('a lock of a statement that runs alone, and that nobody had foretold, is told as those of a transaction are', async () => {
  const session = await db.session();
  const files = {
    '1_a.sql': `CREATE TABLE alone (a int); INSERT INTO alone VALUES (1); ${SLOW.replace('slow', 'later')}`,
  };
  await run(db.ownerUrl, files, { schema: 'alone_own' });
  await session.exec(`
    CREATE TABLE beside (a int);
    CREATE FUNCTION lock_beside() RETURNS void LANGUAGE plpgsql AS 'BEGIN LOCK TABLE public.beside IN SHARE ROW EXCLUSIVE MODE; END';
    CREATE OR REPLACE FUNCTION later(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
      'BEGIN PERFORM public.lock_beside(); PERFORM pg_sleep(0.5); RETURN a; END'`);
  const result = await run(
    db.ownerUrl,
    { ...files, '2_b.sql': 'CREATE INDEX CONCURRENTLY alone_a ON alone (later(a))' },
    { schema: 'alone_own' },
  );
  expect(result, result.message ?? '').toMatchObject({ outcome: 'done' });
  expect(unforeseen(result)).toEqual([
    {
      event: 'unforeseen-lock',
      path: '2_b.sql',
      pgVersion: inject('serverVersion'),
      relation: 'public.beside',
      taken: 'ShareRowExclusiveLock',
      predicted: null,
      kinds: ['Index'],
      informed: true,
    },
  ]);
});
