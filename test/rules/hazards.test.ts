import { beforeAll, expect, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { analyseExample } from './example.ts';

beforeAll(loadParser);

const T = 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b varchar(20), c numeric);';
const U = 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c timestamptz, d_id bigint);';
const P = 'CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE t (a bigint, p_id bigint CONSTRAINT t_p REFERENCES p);';
const PARTS =
  'CREATE TABLE parts (n int, m bigint) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);';
const MANY_COLUMNS = Array.from({ length: 61 }, (_, number) => `c${number} int`).join(', ');

type Row = readonly [
  row: string,
  hazard: string,
  /** The rules that find it, or why none speaks. */
  rules: readonly string[] | string,
  /** What earlier migrations made, `---`, the migration, `---`, what later ones do; null for what no text shows. */
  sql: string | null,
  /** The last version that it is a hazard for. */
  until?: number,
];

/** Every hazard that is known of statements, by its number. */
const ROWS: readonly Row[] = [
  ['1', 'constant default', 'no rewrite from 11 on', `${T}---ALTER TABLE t ADD d int DEFAULT 5;`],
  ['2', 'stable default', 'computed once', `${T}---ALTER TABLE t ADD d timestamptz DEFAULT now();`],
  ['3', 'volatile default', ['add-column-rewrite'], `${T}---ALTER TABLE t ADD d float DEFAULT random();`],
  ['4', 'serial', ['add-column-rewrite'], `${T}---ALTER TABLE t ADD d bigserial;`],
  ['5', 'identity', ['add-column-rewrite'], `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS IDENTITY;`],
  ['6', 'stored column', ['add-column-rewrite'], `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS (a) STORED;`],
  [
    '7',
    'virtual column',
    ['constraint-scan'],
    `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS (a) VIRTUAL NOT NULL;`,
  ],
  [
    '8',
    'constrained domain',
    ['add-column-rewrite'],
    `${T} CREATE DOMAIN dom AS int CHECK (VALUE > 0);---ALTER TABLE t ADD d dom;`,
  ],
  ['9', 'NOT NULL without default', ['add-column-not-null'], `${T}---ALTER TABLE t ADD d int NOT NULL;`],
  [
    '10',
    'default dropped at once',
    ['required-column-loses-default'],
    `${T}---ALTER TABLE t ADD d int NOT NULL DEFAULT 1; ALTER TABLE t ALTER d DROP DEFAULT;`,
  ],
  ['11', 'inline UNIQUE', ['constraint-index-build'], `${T}---ALTER TABLE t ADD d int UNIQUE;`],
  [
    '12',
    'inline REFERENCES with a default',
    ['constraint-scan'],
    `${P}---ALTER TABLE t ADD d bigint DEFAULT 1 REFERENCES p;`,
  ],
  ['13', 'inline CHECK', ['constraint-scan'], `${T}---ALTER TABLE t ADD d int CHECK (d > 0);`],
  ['14', 'json column', ['json-column'], `${U}---ALTER TABLE t ADD COLUMN d json;`],
  [
    '15',
    'ADD COLUMN on a partitioned table',
    'every partition is locked for a moment, and there is no gentler form',
    `${PARTS}---ALTER TABLE parts ADD d int;`,
  ],
  [
    '16',
    'guard that hides a difference',
    ['if-not-exists-hides-difference'],
    `${U}---CREATE TABLE IF NOT EXISTS t (z int);`,
  ],
  ['17', 'wide table', ['wide-table'], `---CREATE TABLE s (id bigint PRIMARY KEY, ${MANY_COLUMNS});`],
  ['18', 'type change that rewrites', ['change-type-rewrite'], `${T}---ALTER TABLE t ALTER a TYPE bigint;`],
  ['19', 'type change that is free', 'keeps the rows', `${T}---ALTER TABLE t ALTER b TYPE text;`],
  ['19b', 'cached plans', ['type-change-breaks-plans'], `${T}---ALTER TABLE t ALTER b TYPE text;`],
  [
    '20',
    'timestamp to timestamptz',
    ['change-type-rewrite'],
    'CREATE TABLE s (at timestamp);---ALTER TABLE s ALTER at TYPE timestamptz;',
  ],
  [
    '21',
    'the same with USING',
    ['change-type-rewrite'],
    "CREATE TABLE s (at timestamp);---SET timezone = 'UTC'; ALTER TABLE s ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC';",
  ],
  [
    '22',
    'index built anew',
    ['change-type-rewrite'],
    `${T} CREATE INDEX ON t (lower(b));---ALTER TABLE t ALTER b TYPE text;`,
  ],
  [
    '23',
    'CHECK checked again',
    ['change-type-rewrite'],
    "CREATE TABLE s (b varchar(9) CHECK (b > ''));---ALTER TABLE s ALTER b TYPE text;",
  ],
  [
    '24',
    'type of a foreign key',
    ['locks-referenced-table'],
    'CREATE TABLE p (id varchar(5) PRIMARY KEY); CREATE TABLE t (p_id varchar(5) REFERENCES p);---ALTER TABLE p ALTER id TYPE varchar(9);',
  ],
  ['25', 'narrowing type', ['type-change-loses-data', 'change-type-rewrite'], `${T}---ALTER TABLE t ALTER c TYPE int;`],
  [
    '26',
    'type change that is refused',
    ['column-still-used'],
    `${T} CREATE VIEW v AS SELECT b FROM t;---ALTER TABLE t ALTER b TYPE text;`,
  ],
  ['27', 'USING that computes', ['change-type-rewrite'], `${T}---ALTER TABLE t ALTER b TYPE text USING lower(b);`],
  ['28', 'SET NOT NULL', ['set-not-null-scan'], `${T}---ALTER TABLE t ALTER a SET NOT NULL;`],
  [
    '29',
    'SET NOT NULL that is proved',
    'a valid CHECK says it',
    'CREATE TABLE s (a int CHECK (a IS NOT NULL));---ALTER TABLE s ALTER a SET NOT NULL;',
  ],
  [
    '30',
    'proof dropped with it',
    ['set-not-null-scan'],
    'CREATE TABLE s (a int CONSTRAINT k CHECK (a IS NOT NULL));---ALTER TABLE s ALTER a SET NOT NULL, DROP CONSTRAINT k;',
  ],
  [
    '31',
    'NOT NULL NOT VALID, then SET NOT NULL',
    ['set-not-null-scan'],
    `${T} ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;---ALTER TABLE t ALTER a SET NOT NULL;`,
  ],
  ['32', 'DROP NOT NULL', ['drop-not-null'], 'CREATE TABLE s (a int NOT NULL);---ALTER TABLE s ALTER a DROP NOT NULL;'],
  ['33', 'default changed', ['default-changed'], `${T}---ALTER TABLE t ALTER a SET DEFAULT 7;`],
  [
    '34',
    'SET EXPRESSION',
    ['table-rewrite'],
    'CREATE TABLE s (a int, g int GENERATED ALWAYS AS (a) STORED);---ALTER TABLE s ALTER g SET EXPRESSION AS (a * 2);',
  ],
  [
    '35',
    'storage, compression, identity',
    'instant, and there is no gentler form',
    `${T}---ALTER TABLE t ALTER b SET STORAGE EXTERNAL;`,
  ],
  ['36', 'RENAME COLUMN', ['rename-column'], `${T}---ALTER TABLE t RENAME a TO z;`],
  [
    '37',
    'renamed under a view',
    ['rename-column'],
    `${T} CREATE VIEW v AS SELECT a FROM t;---ALTER TABLE t RENAME a TO z;`,
  ],
  ['38', 'ADD CHECK', ['constraint-scan'], `${T}---ALTER TABLE t ADD CHECK (a > 0);`],
  ['39', 'ADD FOREIGN KEY', ['constraint-scan'], `${P}---ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;`],
  [
    '40',
    'key not valid on partitions',
    ['partitioned-foreign-key-not-valid'],
    `${U}${PARTS}---ALTER TABLE parts ADD FOREIGN KEY (m) REFERENCES t NOT VALID;`,
    17,
  ],
  [
    '41',
    'VALIDATE CONSTRAINT',
    'lets writes go on',
    `${T} ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;---ALTER TABLE t VALIDATE CONSTRAINT k;`,
  ],
  [
    '42',
    'NOT VALID and VALIDATE in a transaction',
    ['lock-held-during-work'],
    `${T}---BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT;`,
  ],
  [
    '43',
    'NOT VALID and VALIDATE in a statement',
    ['constraint-scan'],
    `${T}---ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k;`,
  ],
  [
    '44',
    'left NOT VALID',
    ['constraint-left-not-valid'],
    `${T}---ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;---CREATE TABLE s (id bigint PRIMARY KEY);`,
  ],
  ['45', 'ADD UNIQUE', ['constraint-index-build'], `${T}---ALTER TABLE t ADD UNIQUE (a);`],
  ['46', 'ADD PRIMARY KEY', ['constraint-index-build'], 'CREATE TABLE s (a int);---ALTER TABLE s ADD PRIMARY KEY (a);'],
  [
    '47',
    'PRIMARY KEY USING INDEX, nullable',
    ['constraint-scan'],
    'CREATE TABLE s (a int); CREATE UNIQUE INDEX i ON s (a);---ALTER TABLE s ADD PRIMARY KEY USING INDEX i;',
  ],
  [
    '48',
    'UNIQUE USING INDEX',
    'instant',
    'CREATE TABLE s (a int); CREATE UNIQUE INDEX i ON s (a);---ALTER TABLE s ADD UNIQUE USING INDEX i;',
  ],
  [
    '49',
    'EXCLUDE',
    ['constraint-index-build'],
    'CREATE TABLE s (r int4range);---ALTER TABLE s ADD EXCLUDE USING gist (r WITH &&);',
  ],
  ['50', 'newer syntax', ['newer-than-server'], `${U}---ALTER TABLE t ADD CHECK (a > 0) NOT VALID NOT ENFORCED;`, 17],
  ['51', 'foreign key dropped', ['locks-referenced-table'], `${P}---ALTER TABLE t DROP CONSTRAINT t_p;`],
  ['52', 'unique constraint dropped', ['drop-unique-constraint'], `${T}---ALTER TABLE t DROP CONSTRAINT t_pkey;`],
  [
    '53',
    'constraint enforced',
    ['constraint-scan'],
    `${P} ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p NOT ENFORCED;---ALTER TABLE t ALTER CONSTRAINT k ENFORCED;`,
  ],
  [
    '54',
    'ALTER DOMAIN ADD',
    ['domain-constraint-scan'],
    'CREATE DOMAIN d AS int; CREATE TABLE s (a d);---ALTER DOMAIN d ADD CHECK (VALUE > 0);',
  ],
  [
    '55',
    'ALTER DOMAIN VALIDATE',
    ['domain-constraint-scan'],
    'CREATE DOMAIN d AS int; CREATE TABLE s (a d); ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;---ALTER DOMAIN d VALIDATE CONSTRAINT k;',
  ],
  [
    '56',
    'ALTER DOMAIN SET NOT NULL',
    ['domain-constraint-scan'],
    'CREATE DOMAIN d AS int; CREATE TABLE s (a d);---ALTER DOMAIN d SET NOT NULL;',
  ],
  ['57', 'domain with a constraint', ['domain-with-constraint'], '---CREATE DOMAIN d AS int CHECK (VALUE > 0);'],
  [
    '58',
    'key without index',
    ['foreign-key-without-index'],
    `${U}---ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (d_id) REFERENCES t NOT VALID;`,
  ],
  ['59', 'key of another type', ['foreign-key-types-differ'], `${U}---CREATE TABLE u (t_id uuid REFERENCES t);`],
  ['59', 'narrower key', ['foreign-key-too-narrow'], `${U}---CREATE TABLE u (t_id int REFERENCES t);`],
  ['60', 'cascade', ['cascading-delete'], `${U}---CREATE TABLE u (t_id bigint REFERENCES t ON DELETE CASCADE);`],
  [
    '61',
    'several foreign keys',
    ['several-tables-locked'],
    `${P} CREATE TABLE q (id bigint PRIMARY KEY);---CREATE TABLE n (a bigint REFERENCES p, b bigint REFERENCES q);`,
  ],
  ['62', 'volatile check', ['check-not-immutable'], `${U}---ALTER TABLE t ADD CHECK (c < now()) NOT VALID;`],
  ['62', 'volatile index', ['expression-not-immutable'], `${U}---CREATE INDEX CONCURRENTLY ON t (concat(b));`],
  ['63', 'no name', ['unnamed-constraint'], `${U}---ALTER TABLE t ADD CHECK (a > 0) NOT VALID;`],
  ['64', 'CREATE INDEX', ['create-index-blocking'], `${T}---CREATE INDEX ON t (a);`],
  ['65', 'index on a new table', 'nobody uses it yet', '---CREATE TABLE s (a int); CREATE INDEX ON s (a);'],
  [
    '66',
    'in a transaction',
    ['concurrently-in-transaction'],
    `${U}---BEGIN; CREATE INDEX CONCURRENTLY ON t (a); COMMIT;`,
  ],
  [
    '67',
    'concurrently on a partitioned table',
    ['concurrently-on-partitioned'],
    `${PARTS}---CREATE INDEX CONCURRENTLY ON parts (n);`,
  ],
  ['68', 'CREATE INDEX ON ONLY', 'builds nothing', `${PARTS}---CREATE INDEX parts_n ON ONLY parts (n);`],
  ['69', 'CREATE INDEX on a partitioned table', ['create-index-blocking'], `${PARTS}---CREATE INDEX ON parts (n);`],
  [
    '70',
    'invalid index skipped',
    ['if-not-exists-keeps-invalid-index'],
    `${U}---CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);`,
  ],
  [
    '71',
    'timeout during a build',
    ['timeout-during-concurrently'],
    `${U}---SET statement_timeout = '1min'; CREATE INDEX CONCURRENTLY ON t (a);`,
  ],
  ['72', 'old snapshots', 'depends on the transactions that run then', null],
  ['73', 'duplicates', 'depends on the rows', null],
  ['74', 'DROP INDEX', ['drop-index-locks-table'], `${T} CREATE INDEX i ON t (a);---DROP INDEX i;`],
  ['75', 'index of a constraint', ['drop-index-of-constraint'], `${U}---DROP INDEX CONCURRENTLY t_pkey;`],
  ['76', 'REINDEX', ['reindex-blocking'], `${T}---REINDEX TABLE t;`],
  ['77', 'corrupt indexes of 14.0 to 14.3', 'depends on the minor version', null],
  ['78', 'hash index', ['hash-index'], `${U}---CREATE INDEX CONCURRENTLY ON t USING hash (a);`],
  ['78', 'wide index', ['wide-index'], `${U}---CREATE INDEX CONCURRENTLY ON t (id, a, b, c);`],
  [
    '79',
    'duplicate index',
    ['duplicate-index'],
    `${T} CREATE INDEX i ON t (a, c);---CREATE INDEX CONCURRENTLY ON t (a);`,
  ],
  [
    '80',
    'dropped before replaced',
    ['index-dropped-before-replacement'],
    `${U} CREATE INDEX i ON t (a);---DROP INDEX CONCURRENTLY i; CREATE INDEX CONCURRENTLY i ON t (a, b);`,
  ],
  [
    '81',
    'index renamed as a table',
    ['rename-index-as-table'],
    `${T} CREATE INDEX i ON t (a);---ALTER TABLE i RENAME TO j;`,
  ],
  [
    '82',
    'index attached',
    'reads no row',
    `${PARTS} CREATE INDEX w ON ONLY parts (n); CREATE INDEX w1 ON parts_1 (n);---ALTER INDEX w ATTACH PARTITION w1;`,
  ],
  ['83', 'DROP TABLE', ['drop-table'], `${P}---DROP TABLE t;`],
  ['84', 'DROP COLUMN', ['drop-column'], `${P}---ALTER TABLE t DROP COLUMN p_id;`],
  ['85', 'DROP SCHEMA', ['drop-schema'], 'CREATE SCHEMA x; CREATE TABLE x.s (a int);---DROP SCHEMA x CASCADE;'],
  ['85', 'DROP DATABASE', ['drop-database'], '---DROP DATABASE shop;'],
  ['86', 'TRUNCATE', ['truncate-table'], `${T}---TRUNCATE t;`],
  ['87', 'RENAME TABLE', ['rename-table'], `${T}---ALTER TABLE t RENAME TO u;`],
  ['87', 'SET SCHEMA', ['move-to-schema'], `${T}---ALTER TABLE t SET SCHEMA x;`],
  ['87', 'RENAME VALUE', ['rename-enum-value'], "CREATE TYPE e AS ENUM ('a');---ALTER TYPE e RENAME VALUE 'a' TO 'b';"],
  ['88', 'new table renamed', 'nobody uses it yet', '---CREATE TABLE s (a int); ALTER TABLE s RENAME TO s2;'],
  ['89', 'SET UNLOGGED', ['table-rewrite'], `${T}---ALTER TABLE t SET UNLOGGED;`],
  ['90', 'SET TABLESPACE', ['table-rewrite'], `${T}---ALTER TABLE t SET TABLESPACE fast;`],
  ['91', 'SET ACCESS METHOD', ['table-rewrite'], `${T}---ALTER TABLE t SET ACCESS METHOD other;`],
  ['92', 'VACUUM FULL', ['table-rewrite'], `${T}---VACUUM FULL t;`],
  [
    '93',
    'ATTACH PARTITION',
    ['attach-partition-scan'],
    `${PARTS} CREATE TABLE s (n int);---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  ],
  [
    '94',
    'ATTACH beside a default partition',
    ['attach-partition-scan'],
    `${PARTS} CREATE TABLE rest PARTITION OF parts DEFAULT; CREATE TABLE s (n int NOT NULL CHECK (n >= 5 AND n < 6));---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  ],
  [
    '95',
    'PARTITION OF',
    ['create-partition-locks-parent'],
    `${PARTS}---CREATE TABLE s PARTITION OF parts FOR VALUES FROM (5) TO (6);`,
  ],
  [
    '96',
    'ATTACH builds indexes',
    ['attach-partition-scan'],
    `${PARTS} CREATE INDEX ON parts (n); CREATE TABLE s (n int NOT NULL CHECK (n >= 5 AND n < 6));---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  ],
  [
    '97',
    'DETACH PARTITION',
    ['detach-partition-locks-parent'],
    `${PARTS}---ALTER TABLE parts DETACH PARTITION parts_1;`,
  ],
  [
    '97',
    'detach beside a default partition',
    ['detach-beside-default-partition'],
    `${PARTS} CREATE TABLE parts_d PARTITION OF parts DEFAULT;---ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;`,
  ],
  [
    '98',
    'unique without the partition key',
    ['partition-key-not-in-unique'],
    `${PARTS}---CREATE UNIQUE INDEX ON ONLY parts (m);`,
  ],
  [
    '99',
    'REFRESH MATERIALIZED VIEW',
    ['table-rewrite'],
    `${T} CREATE MATERIALIZED VIEW m AS SELECT a FROM t;---REFRESH MATERIALIZED VIEW m;`,
  ],
  [
    '100',
    'CREATE TRIGGER',
    'a lock for a moment, and there is no gentler form',
    "CREATE TABLE s (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';---CREATE TRIGGER x BEFORE INSERT ON s FOR EACH ROW EXECUTE FUNCTION f();",
  ],
  ['101', 'row security', ['row-security-hides-rows'], `${T}---ALTER TABLE t ENABLE ROW LEVEL SECURITY;`],
  [
    '101',
    'CREATE POLICY',
    'a lock for a moment, and there is no gentler form',
    `${T}---CREATE POLICY p ON t USING (a > 0);`,
  ],
  [
    '102',
    'replica identity lost',
    ['no-replica-identity'],
    `${T} CREATE PUBLICATION p FOR TABLE t;---ALTER TABLE t REPLICA IDENTITY NOTHING;`,
  ],
  [
    '102',
    'replica identity set',
    'a lock for a moment, and there is no gentler form',
    `${T}---ALTER TABLE t REPLICA IDENTITY FULL;`,
  ],
  ['103', 'LOCK TABLE', ['lock-table'], `${T}---BEGIN; LOCK TABLE t; COMMIT;`],
  ['104', 'no key', ['no-primary-key'], '---CREATE TABLE u (a text);'],
  ['104', 'serial', ['serial-column'], '---CREATE TABLE u (a bigserial PRIMARY KEY);'],
  ['104', 'char(n)', ['char-column'], '---CREATE TABLE u (a char(3));'],
  ['104', 'varchar(n)', ['varchar-limit'], '---CREATE TABLE u (a varchar(3));'],
  ['104', 'timestamp', ['timestamp-without-time-zone'], '---CREATE TABLE u (a timestamp);'],
  ['104', 'money', ['money-column'], '---CREATE TABLE u (a money);'],
  ['104', 'float', ['float-for-money'], '---CREATE TABLE u (price float);'],
  ['105', 'int key', ['int-primary-key'], '---CREATE TABLE u (a serial PRIMARY KEY);'],
  ['106', 'autovacuum', ['autovacuum-disabled'], `${U}---ALTER TABLE t SET (autovacuum_enabled = off);`],
  ['107', 'extensions with DDL of their own', 'functions that are called, which each extension explains itself', null],
  [
    '108',
    'ADD VALUE in a transaction',
    'allowed from 12 on; only its use is refused',
    "CREATE TYPE e AS ENUM ('a');---BEGIN; ALTER TYPE e ADD VALUE 'b'; COMMIT;",
  ],
  [
    '109',
    'value used too early',
    ['enum-value-used-too-early'],
    "CREATE TYPE e AS ENUM ('a');---BEGIN; ALTER TYPE e ADD VALUE 'b'; SELECT 'b'::e; COMMIT;",
  ],
  [
    '110',
    'value without a place',
    ['enum-value-unordered'],
    "CREATE TYPE e AS ENUM ('a');---ALTER TYPE e ADD VALUE 'b';",
  ],
  ['111', 'no lock_timeout', ['missing-lock-timeout'], `${U}---ALTER TABLE t ADD COLUMN d int;`],
  [
    '112',
    'lock held during work',
    ['lock-held-during-work'],
    `${T}---ALTER TABLE t ADD d int; UPDATE t SET d = a WHERE a > 0;`,
  ],
  [
    '113',
    'several tables in a transaction',
    ['several-tables-locked'],
    `${P}---ALTER TABLE t ADD d int; ALTER TABLE p ADD d int;`,
  ],
  ['114', 'nested BEGIN', ['transaction-command-ignored'], '---BEGIN; BEGIN; COMMIT;'],
  ['114', 'not committed', ['transaction-left-open'], '---BEGIN;'],
  ['115', 'unbatched write', ['unbatched-write'], `${T}---UPDATE t SET a = 0;`],
  ['115', 'DELETE of all rows', ['delete-all-rows'], `${T}---DELETE FROM t;`],
  ['116', 'SQL that cannot be read', ['not-understood'], "---DO $$ BEGIN EXECUTE current_setting('a.b'); END $$;"],
  ['117', 'down files', 'undoing is a new migration, which is judged as any other', null],
  ['118', 'tables that are not empty', 'needs the sizes of a live server', null],
  ['119', 'running code', 'needs the code', null],
  ['120', 'superuser', ['superuser-role'], '---ALTER ROLE CURRENT_USER SUPERUSER;'],
  [
    '120',
    'SECURITY DEFINER',
    ['security-definer-search-path'],
    "---CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
  ],
  ['120', 'GRANT to PUBLIC', ['grant-to-public'], '---CREATE TABLE u (a text); GRANT SELECT ON u TO PUBLIC;'],
];

test('no hazard is left out', () => {
  const numbers = new Set(ROWS.map(([row]) => row));
  expect([...Array.from({ length: 120 }, (_, at) => String(at + 1)), '19b'].filter((row) => !numbers.has(row))).toEqual(
    [],
  );
});

const SHOWN = ROWS.flatMap(([row, hazard, rules, sql, until]) => {
  const [before, migration, after] = sql?.split('---') ?? [];
  return before === undefined || migration === undefined
    ? []
    : [{ row, hazard, rules, before, migration, after, until }];
});

test.each(SHOWN)('$row $hazard: $rules', ({ rules, before, migration, after, until }) => {
  const names = typeof rules === 'string' ? [] : rules;
  const example = {
    before,
    sql: migration,
    ...(after === undefined ? {} : { after }),
    ...(until === undefined ? {} : { until }),
  };
  const found = analyseExample(example, names[0] ?? '').findings.map((finding) => finding.rule);
  expect(found.sort()).toEqual([...names].sort());
});
