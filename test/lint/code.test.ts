import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { type AnalysedFile, analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const BEFORE = `
  CREATE TABLE users (id bigint PRIMARY KEY, email text);
  CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);`;

function analyseLast(...files: readonly string[]): AnalysedFile {
  const scripts = [BEFORE, ...files].map((text, at) => parseScript(`${at}.sql`, text));
  const last = analyse(scripts, emptyCatalog(), { rules, severities: {}, version: 18 }).at(-1);
  if (last === undefined) throw new Error('nothing analysed');
  return last;
}

/** `rule: what the range covers`. */
function found(...files: readonly string[]): string[] {
  const { findings, script } = analyseLast(...files);
  return findings.map(({ rule, range }) => `${rule}: ${script.source.text.slice(range.start, range.end)}`);
}

describe('findings in a DO block', () => {
  test('stand at the statement inside it, each for itself', () => {
    const sql = `-- first
DO $$
DECLARE
  n int;
BEGIN
  CREATE INDEX orders_user ON orders (user_id);
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE column_name = 'kind') THEN
    ALTER TABLE users ADD COLUMN kind uuid DEFAULT gen_random_uuid();
  END IF;
END $$;`;
    expect(found(sql)).toEqual([
      'create-index-blocking: CREATE INDEX orders_user ON orders (user_id)',
      'add-column-rewrite: ALTER TABLE users ADD COLUMN kind uuid DEFAULT gen_random_uuid()',
    ]);
    const { findings } = analyseLast(sql);
    expect(findings.map(({ statement }) => statement)).toEqual([0, 0]);
    expect(findings[0]?.why).toMatch(/It is in line 5 of the DO block\.$/);
  });

  test('stand at the line of EXECUTE', () => {
    expect(found("DO $$ BEGIN\n  EXECUTE format('CREATE INDEX ON %I (id)', 'orders');\nEND $$")).toEqual([
      "create-index-blocking: format('CREATE INDEX ON %I (id)', 'orders')",
    ]);
  });

  test('stand at the whole block where its text is not what runs', () => {
    const sql = "DO 'BEGIN CREATE INDEX ON orders (id) WHERE user_id = ''1''; END'";
    expect(found(sql)).toEqual([`create-index-blocking: ${sql}`]);
  });

  test('are told once, however often a loop comes by', () => {
    expect(found('DO $$ BEGIN FOR i IN 1..3 LOOP CREATE INDEX ON orders (user_id); END LOOP; END $$')).toHaveLength(1);
  });

  test('are hidden by a suppression before the block', () => {
    const sql = `-- tiptoe-disable-next-statement create-index-blocking: orders is empty until launch
DO $$ BEGIN CREATE INDEX ON orders (user_id); END $$;`;
    expect(found(sql)).toEqual([]);
    expect(analyseLast(sql).suppressed).toHaveLength(1);
  });

  test('CONCURRENTLY cannot run there', () => {
    expect(found('DO $$ BEGIN CREATE INDEX CONCURRENTLY ON orders (user_id); END $$')).toEqual([
      'concurrently-in-transaction: CREATE INDEX CONCURRENTLY ON orders (user_id)',
    ]);
  });

  test('what the block makes is new', () => {
    expect(found('DO $$ BEGIN CREATE TABLE fresh (a int); CREATE INDEX ON fresh (a); END $$')).toEqual([]);
    const again = 'DO $$ BEGIN IF true THEN CREATE TABLE users (a int); END IF; CREATE INDEX ON users (id); END $$';
    expect(found(again)).toContain('create-index-blocking: CREATE INDEX ON users (id)');
  });
});

describe('what a block leaves behind', () => {
  const added =
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attname = 'n') THEN ALTER TABLE users ADD COLUMN n int; END IF; END $$;";

  test('a column added behind IF NOT EXISTS is there', () => {
    expect(found(added, 'ALTER TABLE users ALTER COLUMN n TYPE bigint')).toEqual([
      'change-type-rewrite: ALTER TABLE users ALTER COLUMN n TYPE bigint',
    ]);
    expect(found(added.replace('int;', 'varchar(5);'), 'ALTER TABLE users ALTER COLUMN n TYPE varchar(9)')).toEqual([]);
  });

  test('a table that is there stays what it is', () => {
    const again = "DO $$ BEGIN IF to_regclass('users') IS NULL THEN CREATE TABLE users (id bigint); END IF; END $$;";
    expect(found(`${again} CREATE INDEX ON users (email);`)).toEqual([
      'create-index-blocking: CREATE INDEX ON users (email)',
    ]);
  });

  test('a table dropped in a branch may still be there', () => {
    const dropped = (condition: string): string =>
      `DO $$ BEGIN IF ${condition} THEN DROP TABLE users; END IF; END $$;\nCREATE TABLE IF NOT EXISTS users (email text);\nCREATE INDEX ON users (email);`;
    expect(found(dropped('random() > 0.5')).filter((line) => line.startsWith('create-index'))).toHaveLength(1);
    expect(
      found(dropped("to_regclass('users') IS NOT NULL")).filter((line) => line.startsWith('create-index')),
    ).toEqual([]);
  });
});

describe('functions', () => {
  const definition = `CREATE FUNCTION add_index(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'CREATE INDEX ON ' || relation || ' (id)';
END $$;`;

  test.each(['SELECT add_index($x$orders$x$)', "DO $$ BEGIN PERFORM add_index('orders'); END $$"])(
    'are followed: %s',
    (sql) => {
      const { findings } = analyseLast(definition, sql);
      expect(findings.map(({ rule, relations }) => [rule, ...relations])).toEqual([
        ['create-index-blocking', 'public.orders'],
      ]);
      expect(findings[0]?.why).toMatch(/It is in line 3 of function public\.add_index\.$/);
    },
  );

  test('that are dropped, renamed or replaced are not what they were', () => {
    const replaced = definition.replace('CREATE', 'CREATE OR REPLACE').replace('EXECUTE', 'RETURN; --');
    expect(found(definition, replaced, "SELECT add_index('orders')")).toEqual([]);
    expect(found(definition, 'ALTER FUNCTION add_index(text) RENAME TO other', "SELECT other('orders')")).toHaveLength(
      1,
    );
    expect(found(definition, 'DROP FUNCTION add_index(text)', "SELECT add_index('orders')")).toEqual([
      "not-understood: SELECT add_index('orders')",
    ]);
  });

  test('of one name are told apart by their arguments', () => {
    const overloaded = 'CREATE FUNCTION add_index() RETURNS void LANGUAGE sql AS $$ SELECT 1 $$;';
    expect(found(definition, overloaded, 'SELECT add_index()')).toEqual([]);
    expect(found(definition, overloaded, "SELECT add_index('orders')")).toHaveLength(1);
  });

  test('a function in a DEFAULT, and one made but not called, are not followed', () => {
    expect(found(`${definition} ALTER TABLE users ALTER COLUMN email SET DEFAULT add_index('x')::text;`)).toEqual([]);
  });
});

describe('not understood', () => {
  test.each([
    ['SELECT do_it()', 'calls do_it(), whose body the history does not show'],
    ['CALL app.do_it(1)', 'calls app.do_it(), whose body the history does not show'],
    [
      'DO LANGUAGE plv8 $$ plv8.execute("DROP TABLE users") $$',
      'the DO block is not understood: it is written in plv8, which is not read',
    ],
    ['DO $$ BEGIN EXECUTE whatever; END $$', 'EXECUTE builds its SQL at run time: line 1 of the DO block: whatever'],
    [
      "DO $$\nDECLARE r record;\nBEGIN\n  FOR r IN SELECT tablename FROM pg_tables LOOP\n    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', r.tablename);\n  END LOOP;\nEND $$",
      "EXECUTE names its table at run time: line 5 of the DO block: format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', r.tablename)",
    ],
    [
      "DO $$ DECLARE c text; BEGIN SELECT conname INTO c FROM pg_constraint; EXECUTE 'ALTER TABLE users DROP CONSTRAINT ' || c; END $$",
      "EXECUTE names the constraint at run time: line 1 of the DO block: 'ALTER TABLE users DROP CONSTRAINT ' || c",
    ],
    [
      'DO $$ BEGIN IF THEN END IF; END $$',
      'the DO block is not understood: its code does not parse: missing expression at or near "THEN"',
    ],
    ['EXECUTE saved', 'EXECUTE saved: the file does not show what was prepared'],
    [
      'DO $$ BEGIN PERFORM one(); EXECUTE two; END $$',
      'calls one(), whose body the history does not show (and 1 more like it)',
    ],
  ])('%s', (sql, reason) => {
    const { findings, statements } = analyseLast(sql);
    expect(findings.map(({ rule }) => rule)).toEqual(['not-understood']);
    expect(statements[0]?.effects.notUnderstood).toBe(reason);
  });

  test('says what is known of the locks', () => {
    const sql =
      "DO $$ DECLARE t text := current_setting('x'); BEGIN LOCK TABLE users; EXECUTE 'TRUNCATE ' || t; END $$";
    expect(analyseLast(sql).statements[0]?.effects.relations.map(({ relation, lock }) => [relation, lock])).toEqual([
      ['public.users', 'AccessExclusiveLock'],
      ['a table that is named at run time', 'AccessExclusiveLock'],
    ]);
  });

  test.each([
    "SELECT set_config('search_path', 'app', false)",
    "SELECT setval('users_id_seq', 7)",
    'SELECT pg_advisory_lock(1), now(), count(*) FROM users',
    "SELECT cron.schedule('nightly', '0 3 * * *', 'VACUUM')",
    "DO $$ DECLARE v text := digest('x', 'sha1'); BEGIN IF st_isvalid(v) THEN RAISE NOTICE 'x'; END IF; END $$",
  ])('is none of %s', (sql) => {
    expect(found(sql)).toEqual([]);
  });
});

test('recursion ends, and a function that calls others twice costs what they are', () => {
  const chain = Array.from(
    { length: 60 },
    (_, n) => `CREATE FUNCTION f${n}() RETURNS int LANGUAGE sql AS $$ SELECT f${n + 1}() + f${n + 1}() $$;`,
  );
  const sql = `CREATE FUNCTION f60() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE orders; RETURN f0(); END $$; ${chain.join('\n')} SELECT f0();`;
  expect(
    analyseLast(sql)
      .statements.at(-1)
      ?.effects.relations.map(({ relation }) => relation),
  ).toEqual(['public.orders']);
});
