import type { Shapes } from './shape.ts';

const block = (body: string): string => `DO $$ BEGIN ${body} END $$`;

/** Functions, procedures, DO, PREPARE. */
export const FUNCTIONS_AND_DO: Shapes = [
  'DROP FUNCTION steady()',
  block('ALTER TABLE users ADD COLUMN extra int;'),
  block('ALTER TABLE users ALTER COLUMN age TYPE bigint;'),
  block('CREATE INDEX ON users (age);'),
  block('UPDATE users SET age = age + 1 WHERE id = 1;'),
  block('UPDATE users SET age = 1; ALTER TABLE orders ALTER COLUMN n SET DEFAULT 1;'),
  block('PERFORM 1 FROM orders WHERE id = 1;'),
  block('TRUNCATE lines; LOCK TABLE cats IN SHARE MODE;'),
  block('DROP TABLE lines;'),
  block('CREATE TABLE fresh (a int); CREATE INDEX ON fresh (a); ALTER TABLE fresh ADD COLUMN b int;'),
  block('CREATE TABLE fresh (a bigint REFERENCES users); INSERT INTO fresh SELECT NULL FROM orders;'),
  block('ALTER TABLE bare RENAME TO nude; ALTER TABLE nude ADD COLUMN z int;'),
  block('ALTER TABLE bare ADD COLUMN z int; UPDATE bare SET z = 1;'),
  block(
    'ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT adult;',
  ),
  block(`IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'bare' AND column_name = 'z') THEN
      ALTER TABLE bare ADD COLUMN z int;
    END IF;`),
  block(`IF to_regclass('public.bare') IS NOT NULL THEN DROP TABLE bare; END IF;`),
  block('IF EXISTS (SELECT 1 FROM orders) THEN ALTER TABLE users ADD COLUMN extra int; END IF;'),
  block(`BEGIN
      ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
    EXCEPTION WHEN duplicate_object THEN NULL;
    END;`),
  block(`CREATE TYPE mood AS ENUM ('good'); EXCEPTION WHEN duplicate_object THEN NULL;`),
  block('FOR i IN 1..3 LOOP INSERT INTO bare VALUES (i, i); END LOOP;'),
  block(`EXECUTE 'ALTER TABLE users ADD COLUMN extra int';`),
  block(`EXECUTE format('CREATE INDEX %I ON %I (%I)', 'made', 'users', 'age');`),
  block(`EXECUTE 'ALTER TABLE ' || quote_ident('users') || ' DROP COLUMN age';`),
  `DO $$ DECLARE statement text := 'ALTER TABLE bare '; BEGIN
    statement := statement || 'ADD COLUMN z int NOT NULL DEFAULT 0';
    EXECUTE statement;
  END $$`,
  `DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['cats', 'bare'] LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN z int', name); END LOOP;
  END $$`,
  `DO $$ DECLARE pair record; BEGIN
    FOR pair IN SELECT * FROM (VALUES ('cats', 'name'), ('animals', 'name')) AS v (relation, field) LOOP
      EXECUTE format('CREATE INDEX ON %I (%I)', pair.relation, pair.field);
    END LOOP;
  END $$`,
  `DO $$ BEGIN
    FOR i IN 2022..2024 LOOP
      EXECUTE format('CREATE TABLE visits_%s PARTITION OF visits FOR VALUES FROM (%L) TO (%L)', i, i || '-01-01', (i + 1) || '-01-01');
    END LOOP;
  END $$`,
  `DO $$ DECLARE c CURSOR FOR SELECT id FROM orders; BEGIN FOR r IN c LOOP DELETE FROM lines WHERE order_id = r.id; END LOOP; END $$`,
  `DO $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders; IF n > 1 THEN EXECUTE 'DROP VIEW totals'; END IF; END $$`,
  `DO $$ DECLARE role text := current_user; BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role); END $$`,
  block(`EXECUTE 'COMMENT ON DATABASE ' || quote_ident(current_database()) || ' IS ''x''';`),
  {
    sql: 'SELECT add_note()',
    before:
      "CREATE FUNCTION add_note() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE users ADD COLUMN note2 text; END'",
  },
  {
    sql: 'DO $$ BEGIN PERFORM purge(1); END $$',
    before: 'CREATE FUNCTION purge(bigint) RETURNS void LANGUAGE sql AS $$ DELETE FROM lines WHERE order_id = $1 $$',
  },
  {
    sql: `SELECT widen('bare')`,
    before: `CREATE FUNCTION widen(relation regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('ALTER TABLE %s ALTER COLUMN x TYPE bigint', relation); END $$`,
  },
  {
    sql: `SELECT outer_one()`,
    before: `CREATE FUNCTION inner_one(name text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident(name); RETURN 1; END $$;
      CREATE FUNCTION outer_one() RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN n := inner_one('cats'); RETURN n; END $$`,
  },
  {
    sql: `SELECT countdown(3)`,
    before: `CREATE FUNCTION countdown(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO bare VALUES (n); IF n = 0 THEN RETURN 0; END IF; RETURN countdown(n - 1); END $$`,
  },
  {
    sql: 'CALL tidy()',
    before: 'CREATE PROCEDURE tidy() LANGUAGE sql AS $$ TRUNCATE bare; INSERT INTO cats VALUES (1) $$',
  },
  {
    sql: 'CALL tidy(1)',
    before: `CREATE PROCEDURE tidy() LANGUAGE sql AS $$ TRUNCATE bare $$; CREATE PROCEDURE tidy(int) LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE cats; END $$`,
  },
  {
    sql: 'SELECT * FROM listed()',
    before: `CREATE FUNCTION listed() RETURNS TABLE (name text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT c.name FROM cats c; END $$`,
  },
  {
    sql: 'SELECT atomic()',
    before: 'CREATE FUNCTION atomic() RETURNS void BEGIN ATOMIC DELETE FROM cats; UPDATE bare SET x = 1; END',
    since: 14,
  },
  { sql: 'CREATE FUNCTION atomic() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM users; END', since: 14 },
  { sql: 'CREATE FUNCTION worth() RETURNS bigint RETURN (SELECT count(*) FROM orders)', since: 14 },
  'CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM users, totals $$',
  'CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS $$ DELETE FROM lines; ALTER TABLE users ADD COLUMN z int $$',
  'CREATE FUNCTION late() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE u users%ROWTYPE; i users.id%TYPE; BEGIN RETURN (SELECT count(*) FROM users); END $$',
  'CREATE OR REPLACE FUNCTION steady() RETURNS int LANGUAGE sql STABLE AS $$ SELECT max(age) FROM users $$',
  'ALTER FUNCTION steady() IMMUTABLE',
  'ALTER FUNCTION steady() RENAME TO steadier',
  'PREPARE changed (int) AS UPDATE users SET age = $1',
  'PREPARE seen AS SELECT * FROM totals',
  { sql: 'EXECUTE changed (3)', sameFile: 'PREPARE changed (int) AS UPDATE users SET age = $1' },
  { sql: 'EXECUTE seen', sameFile: 'PREPARE seen AS SELECT 1 FROM orders FOR UPDATE' },
  { sql: 'DEALLOCATE seen', sameFile: 'PREPARE seen AS SELECT 1 FROM orders' },
  'EXPLAIN SELECT * FROM users',
  'EXPLAIN UPDATE orders SET note = NULL',
  'EXPLAIN (ANALYZE) DELETE FROM lines',
  `SELECT setval('numbers', 7)`,
  `SELECT setval('public.numbers', (SELECT max(id) FROM orders))`,
  `SELECT pg_catalog.setval('public.numbers'::regclass, 1, false)`,
  `SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users`,
  `SELECT set_config('search_path', 'public', true)`,
  `SELECT pg_advisory_xact_lock(1)`,
  `SELECT 1 FROM pg_class, information_schema.tables`,
  // A function in SQL that only returns an expression is that expression.
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT seven()',
    before: 'CREATE FUNCTION seven() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT 7 $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z timestamptz DEFAULT then_()',
    before: 'CREATE FUNCTION then_() RETURNS timestamptz LANGUAGE sql AS $$ SELECT now() $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z uuid DEFAULT fresh_id()',
    before: 'CREATE FUNCTION fresh_id() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT outer_seven()',
    before: `CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS $$ SELECT 7 $$; CREATE FUNCTION outer_seven() RETURNS int LANGUAGE sql AS $$ SELECT seven() + 1 $$`,
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT outer_fickle()',
    before: 'CREATE FUNCTION outer_fickle() RETURNS int LANGUAGE sql AS $$ SELECT fickle() + 1 $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT guarded()',
    before: 'CREATE FUNCTION guarded() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 7 $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT configured()',
    before: `CREATE FUNCTION configured() RETURNS int LANGUAGE sql SET search_path = public AS $$ SELECT 7 $$`,
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT counted()',
    before: 'CREATE FUNCTION counted() RETURNS int LANGUAGE sql AS $$ SELECT n FROM generate_series(1, 1) AS n $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT twice_said()',
    before: 'CREATE FUNCTION twice_said() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT strict_one()',
    before: 'CREATE FUNCTION strict_one() RETURNS int LANGUAGE sql STRICT AS $$ SELECT 1 $$',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT same(1)',
    before:
      'CREATE FUNCTION same(n int) RETURNS int LANGUAGE sql AS $$ SELECT n $$; CREATE FUNCTION same(n text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN n; END $$; DROP FUNCTION same(text)',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT fickle()',
    before: 'ALTER FUNCTION fickle() STABLE',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT renamed()',
    before: 'ALTER FUNCTION fickle() RENAME TO renamed',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT other.steady()',
    before: 'ALTER FUNCTION steady() SET SCHEMA other',
  },
  {
    sql: 'ALTER TABLE bare ADD COLUMN z int DEFAULT standard()',
    before: 'CREATE FUNCTION standard() RETURNS int RETURN 5',
    since: 14,
  },
  // What the code leaves behind.
  {
    sql: 'ALTER TABLE users ALTER COLUMN age SET NOT NULL',
    before: block('ALTER TABLE users ADD CONSTRAINT given CHECK (age IS NOT NULL);'),
  },
  {
    sql: 'ALTER TABLE bare ALTER COLUMN z TYPE bigint',
    before: `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attname = 'z') THEN ALTER TABLE bare ADD COLUMN z int; CREATE INDEX ON bare (z); END IF; END $$`,
  },
  // A body in SQL is looked at, and not run.
  "CREATE FUNCTION next_depot() RETURNS bigint LANGUAGE sql AS $$SELECT nextval('depot_numbers')$$",
  'CREATE FUNCTION send() RETURNS void LANGUAGE sql AS $$INSERT INTO parcels (depot_id) SELECT id FROM depots$$',
  "PREPARE next_depot AS SELECT nextval('depot_numbers')",
];
