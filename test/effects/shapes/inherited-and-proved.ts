import { type Shapes, withSchema } from './shape.ts';

/** What children get and keep, what constraints prove, what is as it was already. */
export const INHERITED_AND_PROVED: Shapes = [
  ...withSchema(
    {
      before: `
      CREATE TABLE nn (id int, a int, b int, c int CHECK (c > 0 AND c IS NOT NULL), d int, CONSTRAINT dn CHECK (d IS NOT NULL OR d > 0));
      CREATE UNIQUE INDEX nn_a ON nn (a);
      CREATE UNIQUE INDEX nn_c ON nn (c);
      CREATE TABLE par (a int, b int, c int);
      CREATE TABLE kid1 (x int) INHERITS (par);
      CREATE TABLE kid2 (x int) INHERITS (par);
      ALTER TABLE ONLY par ADD CONSTRAINT parb CHECK (b IS NOT NULL) NO INHERIT;
      ALTER TABLE kid1 ADD CONSTRAINT k1a CHECK (a IS NOT NULL);
      CREATE TABLE pt (a int, b int, c int) PARTITION BY RANGE (a);
      CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (10);
      CREATE TABLE pt2 PARTITION OF pt FOR VALUES FROM (10) TO (20);
      ALTER TABLE pt1 ADD CONSTRAINT p1b CHECK (b IS NOT NULL);
      ALTER TABLE pt2 ALTER COLUMN c SET NOT NULL;
      INSERT INTO nn VALUES (1, 1, 1, 1, 1);
      INSERT INTO kid1 VALUES (1,1,1,1);
      INSERT INTO kid2 VALUES (1,1,1,1);
      INSERT INTO pt VALUES (1,1,1), (11,1,1)`,
    },
    [
      'ALTER TABLE nn ALTER COLUMN c SET NOT NULL',
      'ALTER TABLE nn ALTER COLUMN d SET NOT NULL',
      'ALTER TABLE nn ADD PRIMARY KEY (id)',
      'ALTER TABLE nn ADD PRIMARY KEY (c)',
      'ALTER TABLE nn ADD PRIMARY KEY USING INDEX nn_a',
      'ALTER TABLE nn ADD PRIMARY KEY USING INDEX nn_c',
      'ALTER TABLE nn ALTER COLUMN a SET NOT NULL, ADD PRIMARY KEY USING INDEX nn_a',
      'ALTER TABLE nn ALTER COLUMN a SET NOT NULL, ADD PRIMARY KEY (a)',
      'ALTER TABLE nn ADD CONSTRAINT q CHECK (a IS NOT NULL), ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE nn DROP CONSTRAINT dn, ADD CONSTRAINT dn CHECK (d IS NOT NULL)',
      'ALTER TABLE nn ADD COLUMN z int, ADD CONSTRAINT zc CHECK (z > 0)',
      'ALTER TABLE nn ADD COLUMN z int, ADD CONSTRAINT zc UNIQUE (z)',
      'ALTER TABLE nn ADD COLUMN z int DEFAULT 3, ALTER COLUMN z SET NOT NULL',
      'ALTER TABLE nn ALTER COLUMN a TYPE bigint, ALTER COLUMN a SET DEFAULT 3',
      'ALTER TABLE nn ALTER COLUMN a TYPE bigint, ADD CONSTRAINT za CHECK (a > 0)',
      'ALTER TABLE par ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE par ALTER COLUMN b SET NOT NULL',
      'ALTER TABLE ONLY par ALTER COLUMN b SET NOT NULL',
      'ALTER TABLE kid1 ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE par ADD CONSTRAINT z CHECK (c > 0)',
      'ALTER TABLE par ADD CONSTRAINT z CHECK (c > 0) NOT VALID',
      'ALTER TABLE par DROP COLUMN c',
      'ALTER TABLE par ALTER COLUMN c TYPE bigint',
      'ALTER TABLE par DROP CONSTRAINT parb',
      'ALTER TABLE par ADD COLUMN z int DEFAULT 2',
      'ALTER TABLE par RENAME COLUMN c TO cc',
      'ALTER TABLE ONLY par ALTER COLUMN c SET DEFAULT 3',
      'ALTER TABLE par ALTER COLUMN c SET DEFAULT 3',
      'ALTER TABLE par ALTER COLUMN c SET STATISTICS 10',
      'ALTER TABLE par DISABLE TRIGGER ALL',
      'ALTER TABLE par SET (fillfactor = 50)',
      'ALTER TABLE par OWNER TO CURRENT_USER',
      'ALTER TABLE kid1 NO INHERIT par',
      'ALTER TABLE pt ALTER COLUMN b SET NOT NULL',
      'ALTER TABLE pt ALTER COLUMN c SET NOT NULL',
      'ALTER TABLE pt1 ALTER COLUMN b SET NOT NULL',
      'ALTER TABLE pt ADD PRIMARY KEY (a)',
      'ALTER TABLE pt ADD CONSTRAINT u UNIQUE (a, b)',
      'ALTER TABLE pt ADD CONSTRAINT z CHECK (c > 0)',
      'ALTER TABLE pt ADD CONSTRAINT z CHECK (c > 0) NOT VALID',
      'ALTER TABLE pt ALTER COLUMN c DROP NOT NULL',
      'ALTER TABLE pt ALTER COLUMN c TYPE bigint',
      'ALTER TABLE pt ALTER COLUMN c SET DEFAULT 3',
      'ALTER TABLE pt ALTER COLUMN c SET STATISTICS 10',
      'ALTER TABLE pt ALTER COLUMN c SET STORAGE PLAIN',
      'ALTER TABLE pt OWNER TO CURRENT_USER',
      'ALTER TABLE pt ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE pt RENAME TO ptt',
      'ALTER TABLE pt SET SCHEMA other',
      'ALTER TABLE pt REPLICA IDENTITY FULL',
      'CREATE TABLE pt3 PARTITION OF pt (CONSTRAINT z CHECK (c > 0)) FOR VALUES FROM (20) TO (30)',
      'CREATE TABLE lk (LIKE nn INCLUDING INDEXES)',
      'ALTER TABLE IF EXISTS nothing ADD COLUMN a int',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE lk (LIKE users INCLUDING ALL);
      CREATE TABLE lk2 (LIKE users);
      CREATE UNLOGGED TABLE ul (id serial PRIMARY KEY);
      CREATE TABLE lg (id serial PRIMARY KEY, c varchar(20) NOT NULL);
      ALTER TABLE lg SET UNLOGGED;
      CREATE TABLE ur (id int REFERENCES users);
      CREATE TABLE inl (a int, CONSTRAINT x CHECK (a IS NOT NULL));
      ALTER TABLE inl ADD CONSTRAINT y CHECK (a > 0) NOT VALID;
      CREATE TABLE acc (a int) USING heap;
      CREATE TABLE idx (a text, b int, c timestamp, d varchar(20), e text COLLATE "C", f int);
      CREATE INDEX idx_inc ON idx (b) INCLUDE (a);
      CREATE INDEX idx_part ON idx (b) WHERE f > 0;
      CREATE INDEX idx_d ON idx (d);
      CREATE STATISTICS idx_st ON b, f FROM idx;
      CREATE TABLE gen (a int, b varchar(20), g int GENERATED ALWAYS AS (a + 1) STORED);
      INSERT INTO gen VALUES (1);
      INSERT INTO idx VALUES ('a', 1);
      CREATE TABLE vw (a int, b int);
      CREATE VIEW vv AS SELECT a FROM vw`,
    },
    [
      'ALTER TABLE lk ALTER COLUMN name TYPE varchar(100)',
      'ALTER TABLE lk ALTER COLUMN seen TYPE timestamptz',
      'ALTER TABLE lk ALTER COLUMN email TYPE varchar',
      'ALTER TABLE lk2 ALTER COLUMN email TYPE varchar',
      'ALTER TABLE lk2 ALTER COLUMN email SET NOT NULL',
      'ALTER TABLE lk2 ALTER COLUMN id SET NOT NULL',
      'DROP TABLE lk',
      'ALTER TABLE ul SET UNLOGGED',
      'ALTER TABLE ul SET LOGGED',
      'ALTER TABLE lg SET LOGGED',
      'ALTER TABLE lg SET UNLOGGED',
      'ALTER TABLE lg SET TABLESPACE pg_default',
      'ALTER TABLE acc SET TABLESPACE pg_default',
      'ALTER TABLE inl ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE idx ALTER COLUMN a TYPE varchar',
      'ALTER TABLE idx ALTER COLUMN f TYPE bigint',
      'ALTER TABLE idx ALTER COLUMN f TYPE oid',
      'ALTER TABLE idx ALTER COLUMN d TYPE varchar(30)',
      'ALTER TABLE idx ALTER COLUMN d TYPE text',
      'ALTER TABLE idx ALTER COLUMN d TYPE bpchar',
      'ALTER TABLE idx ALTER COLUMN d TYPE varchar(20) COLLATE "C"',
      'ALTER TABLE idx ALTER COLUMN d TYPE varchar(20) COLLATE "default"',
      'ALTER TABLE idx ALTER COLUMN e TYPE varchar',
      'ALTER TABLE idx ALTER COLUMN d TYPE text USING d::text::text',
      'ALTER TABLE idx ALTER COLUMN b TYPE int',
      'ALTER TABLE idx ALTER COLUMN b TYPE bigint',
      'ALTER TABLE gen ALTER COLUMN b TYPE text',
      'ALTER TABLE vw DROP COLUMN a CASCADE',
      'ALTER TABLE vw DROP COLUMN b CASCADE',
      'ALTER TABLE vw ALTER COLUMN b TYPE bigint',
      'ALTER TABLE users_seen RENAME TO u2',
      'ALTER TABLE active RENAME TO u2',
      'ALTER TABLE numbers RENAME TO u2',
      'ALTER VIEW active ALTER COLUMN vip SET DEFAULT true',
      'ALTER TABLE active ALTER COLUMN vip SET DEFAULT true',
      'ALTER VIEW active OWNER TO CURRENT_USER',
      'ALTER VIEW active SET (security_barrier = true)',
      'ALTER VIEW active SET SCHEMA other',
      'ALTER VIEW active RENAME COLUMN vip TO vipp',
      'ALTER TABLE active SET (security_barrier = true)',
      'ALTER MATERIALIZED VIEW sums OWNER TO CURRENT_USER',
      'ALTER MATERIALIZED VIEW sums SET (fillfactor = 50)',
      'ALTER MATERIALIZED VIEW sums ALTER COLUMN total SET STATISTICS 5',
      'ALTER MATERIALIZED VIEW sums SET SCHEMA other',
      'ALTER MATERIALIZED VIEW sums RENAME COLUMN total TO t',
      'ALTER TABLE sums OWNER TO CURRENT_USER',
      'ALTER INDEX users_seen SET (fillfactor = 50)',
      'ALTER INDEX users_seen RESET (fillfactor)',
      'ALTER INDEX users_seen SET TABLESPACE pg_default',
      'ALTER INDEX users_email ALTER COLUMN 1 SET STATISTICS 5',
      'ALTER TABLE users_seen SET (fillfactor = 50)',
      'ALTER SEQUENCE numbers OWNER TO CURRENT_USER',
      'ALTER SEQUENCE numbers SET SCHEMA other',
      'ALTER TABLE numbers OWNER TO CURRENT_USER',
      'ALTER SEQUENCE IF EXISTS nothing RENAME TO nought',
      'ALTER TABLE orders ADD CONSTRAINT u UNIQUE (user_id) DEFERRABLE',
      'ALTER TABLE orders DROP CONSTRAINT IF EXISTS nothing',
      'ALTER TABLE orders DROP COLUMN IF EXISTS nothing',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE w (a int, b int NOT NULL, c int, d int, CONSTRAINT cn NOT NULL c);
      ALTER TABLE w ADD CONSTRAINT an NOT NULL a NOT VALID;
      CREATE TABLE w1 (x int) INHERITS (w);
      CREATE TABLE wp (a int, b int, c int) PARTITION BY RANGE (a);
      CREATE TABLE wp1 PARTITION OF wp FOR VALUES FROM (0) TO (10);
      CREATE TABLE gp (a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL);
      INSERT INTO w VALUES (1,1,1,1);
      INSERT INTO w1 VALUES (1,1,1,1);
      INSERT INTO wp VALUES (1,1,1);
      INSERT INTO gp VALUES (1)`,
      since: 18,
    },
    [
      'ALTER TABLE w ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE w VALIDATE CONSTRAINT an',
      'ALTER TABLE w DROP CONSTRAINT cn',
      'ALTER TABLE w DROP CONSTRAINT w_b_not_null',
      'ALTER TABLE w ADD CONSTRAINT z NOT NULL d',
      'ALTER TABLE w ADD CONSTRAINT z NOT NULL d NO INHERIT',
      'ALTER TABLE w ADD CONSTRAINT z NOT NULL d NOT VALID',
      'ALTER TABLE wp ADD CONSTRAINT z NOT NULL b',
      'ALTER TABLE wp ADD CONSTRAINT z NOT NULL b NOT VALID',
      'ALTER TABLE gp ADD CHECK (v > 0)',
      'ALTER TABLE gp ALTER COLUMN v SET NOT NULL',
      'ALTER TABLE gp ALTER COLUMN v SET EXPRESSION AS (a * 3)',
      'ALTER TABLE gp ALTER COLUMN a SET NOT NULL',
    ],
  ),
];
