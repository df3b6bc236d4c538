import { expect, test } from 'vitest';
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
