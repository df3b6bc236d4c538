import { beforeAll, describe, expect, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { analyseExample } from './example.ts';

beforeAll(loadParser);

/** A hazard that the text of a migration can show: the rules that find it in an example, or why nothing may be said of that. */
interface Row {
  readonly hazard: string;
  readonly rules?: readonly string[];
  /** What earlier migrations made, `---`, the migration. */
  readonly sql: string;
  /** Why no rule speaks. */
  readonly quiet?: string;
}

const T = 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b varchar(20), c numeric);';
const P = 'CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE t (a bigint, p_id bigint CONSTRAINT t_p REFERENCES p);';
const PARTS =
  'CREATE TABLE parts (n int) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);';

const ROWS: Readonly<Record<string, Row>> = {
  1: { hazard: 'constant default', quiet: 'no rewrite from 11 on', sql: `${T}---ALTER TABLE t ADD d int DEFAULT 5;` },
  2: { hazard: 'stable default', quiet: 'computed once', sql: `${T}---ALTER TABLE t ADD d timestamptz DEFAULT now();` },
  3: {
    hazard: 'volatile default',
    rules: ['add-column-rewrite'],
    sql: `${T}---ALTER TABLE t ADD d float DEFAULT random();`,
  },
  4: { hazard: 'serial', rules: ['add-column-rewrite'], sql: `${T}---ALTER TABLE t ADD d bigserial;` },
  5: {
    hazard: 'identity',
    rules: ['add-column-rewrite'],
    sql: `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS IDENTITY;`,
  },
  6: {
    hazard: 'stored column',
    rules: ['add-column-rewrite'],
    sql: `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS (a) STORED;`,
  },
  7: {
    hazard: 'virtual column',
    rules: ['constraint-scan'],
    sql: `${T}---ALTER TABLE t ADD d int GENERATED ALWAYS AS (a) VIRTUAL NOT NULL;`,
  },
  8: {
    hazard: 'constrained domain',
    rules: ['add-column-rewrite'],
    sql: `${T} CREATE DOMAIN dom AS int CHECK (VALUE > 0);---ALTER TABLE t ADD d dom;`,
  },
  9: {
    hazard: 'NOT NULL without default',
    rules: ['add-column-not-null'],
    sql: `${T}---ALTER TABLE t ADD d int NOT NULL;`,
  },
  10: {
    hazard: 'default dropped at once',
    rules: ['required-column-loses-default'],
    sql: `${T}---ALTER TABLE t ADD d int NOT NULL DEFAULT 1; ALTER TABLE t ALTER d DROP DEFAULT;`,
  },
  11: { hazard: 'inline UNIQUE', rules: ['constraint-index-build'], sql: `${T}---ALTER TABLE t ADD d int UNIQUE;` },
  12: {
    hazard: 'inline REFERENCES with a default',
    rules: ['constraint-scan'],
    sql: `${P}---ALTER TABLE t ADD d bigint DEFAULT 1 REFERENCES p;`,
  },
  13: { hazard: 'inline CHECK', rules: ['constraint-scan'], sql: `${T}---ALTER TABLE t ADD d int CHECK (d > 0);` },
  18: {
    hazard: 'type change that rewrites',
    rules: ['change-type-rewrite'],
    sql: `${T}---ALTER TABLE t ALTER a TYPE bigint;`,
  },
  19: { hazard: 'type change that is free', quiet: 'keeps the rows', sql: `${T}---ALTER TABLE t ALTER b TYPE text;` },
  '19b': {
    hazard: 'cached plans',
    rules: ['type-change-breaks-plans'],
    sql: `${T}---ALTER TABLE t ALTER b TYPE text;`,
  },
  20: {
    hazard: 'timestamp to timestamptz',
    rules: ['change-type-rewrite'],
    sql: 'CREATE TABLE s (at timestamp);---ALTER TABLE s ALTER at TYPE timestamptz;',
  },
  21: {
    hazard: 'the same with USING',
    rules: ['change-type-rewrite'],
    sql: "CREATE TABLE s (at timestamp);---SET timezone = 'UTC'; ALTER TABLE s ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC';",
  },
  22: {
    hazard: 'index built anew',
    rules: ['change-type-rewrite'],
    sql: `${T} CREATE INDEX ON t (lower(b));---ALTER TABLE t ALTER b TYPE text;`,
  },
  23: {
    hazard: 'CHECK checked again',
    rules: ['change-type-rewrite'],
    sql: "CREATE TABLE s (b varchar(9) CHECK (b > ''));---ALTER TABLE s ALTER b TYPE text;",
  },
  24: {
    hazard: 'type of a foreign key',
    rules: ['locks-referenced-table'],
    sql: 'CREATE TABLE p (id varchar(5) PRIMARY KEY); CREATE TABLE t (p_id varchar(5) REFERENCES p);---ALTER TABLE p ALTER id TYPE varchar(9);',
  },
  25: {
    hazard: 'narrowing type',
    rules: ['type-change-loses-data', 'change-type-rewrite'],
    sql: `${T}---ALTER TABLE t ALTER c TYPE int;`,
  },
  27: {
    hazard: 'USING that computes',
    rules: ['change-type-rewrite'],
    sql: `${T}---ALTER TABLE t ALTER b TYPE text USING lower(b);`,
  },
  28: { hazard: 'SET NOT NULL', rules: ['set-not-null-scan'], sql: `${T}---ALTER TABLE t ALTER a SET NOT NULL;` },
  29: {
    hazard: 'SET NOT NULL that is proved',
    quiet: 'a valid CHECK says it',
    sql: 'CREATE TABLE s (a int CHECK (a IS NOT NULL));---ALTER TABLE s ALTER a SET NOT NULL;',
  },
  30: {
    hazard: 'proof dropped with it',
    rules: ['set-not-null-scan'],
    sql: 'CREATE TABLE s (a int CONSTRAINT k CHECK (a IS NOT NULL));---ALTER TABLE s ALTER a SET NOT NULL, DROP CONSTRAINT k;',
  },
  31: {
    hazard: 'NOT NULL NOT VALID, then SET NOT NULL',
    rules: ['set-not-null-scan'],
    sql: `${T} ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;---ALTER TABLE t ALTER a SET NOT NULL;`,
  },
  32: {
    hazard: 'DROP NOT NULL',
    rules: ['drop-not-null'],
    sql: 'CREATE TABLE s (a int NOT NULL);---ALTER TABLE s ALTER a DROP NOT NULL;',
  },
  33: { hazard: 'default changed', rules: ['default-changed'], sql: `${T}---ALTER TABLE t ALTER a SET DEFAULT 7;` },
  34: {
    hazard: 'SET EXPRESSION',
    rules: ['table-rewrite'],
    sql: 'CREATE TABLE s (a int, g int GENERATED ALWAYS AS (a) STORED);---ALTER TABLE s ALTER g SET EXPRESSION AS (a * 2);',
  },
  36: { hazard: 'RENAME COLUMN', rules: ['rename-column'], sql: `${T}---ALTER TABLE t RENAME a TO z;` },
  38: { hazard: 'ADD CHECK', rules: ['constraint-scan'], sql: `${T}---ALTER TABLE t ADD CHECK (a > 0);` },
  39: {
    hazard: 'ADD FOREIGN KEY',
    rules: ['constraint-scan'],
    sql: `${P}---ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;`,
  },
  41: {
    hazard: 'VALIDATE CONSTRAINT',
    quiet: 'lets writes go on',
    sql: `${T} ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;---ALTER TABLE t VALIDATE CONSTRAINT k;`,
  },
  42: {
    hazard: 'NOT VALID and VALIDATE in a transaction',
    rules: ['lock-held-during-work'],
    sql: `${T}---BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT;`,
  },
  43: {
    hazard: 'NOT VALID and VALIDATE in a statement',
    rules: ['constraint-scan'],
    sql: `${T}---ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k;`,
  },
  45: { hazard: 'ADD UNIQUE', rules: ['constraint-index-build'], sql: `${T}---ALTER TABLE t ADD UNIQUE (a);` },
  46: {
    hazard: 'ADD PRIMARY KEY',
    rules: ['constraint-index-build'],
    sql: 'CREATE TABLE s (a int);---ALTER TABLE s ADD PRIMARY KEY (a);',
  },
  47: {
    hazard: 'PRIMARY KEY USING INDEX, nullable',
    rules: ['constraint-scan'],
    sql: 'CREATE TABLE s (a int); CREATE UNIQUE INDEX i ON s (a);---ALTER TABLE s ADD PRIMARY KEY USING INDEX i;',
  },
  48: {
    hazard: 'UNIQUE USING INDEX',
    quiet: 'instant',
    sql: 'CREATE TABLE s (a int); CREATE UNIQUE INDEX i ON s (a);---ALTER TABLE s ADD UNIQUE USING INDEX i;',
  },
  49: {
    hazard: 'EXCLUDE',
    rules: ['constraint-index-build'],
    sql: 'CREATE TABLE s (r int4range);---ALTER TABLE s ADD EXCLUDE USING gist (r WITH &&);',
  },
  51: {
    hazard: 'foreign key dropped',
    rules: ['locks-referenced-table'],
    sql: `${P}---ALTER TABLE t DROP CONSTRAINT t_p;`,
  },
  52: {
    hazard: 'unique constraint dropped',
    rules: ['drop-unique-constraint'],
    sql: `${T}---ALTER TABLE t DROP CONSTRAINT t_pkey;`,
  },
  53: {
    hazard: 'constraint enforced',
    rules: ['constraint-scan'],
    sql: `${P} ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p NOT ENFORCED;---ALTER TABLE t ALTER CONSTRAINT k ENFORCED;`,
  },
  54: {
    hazard: 'ALTER DOMAIN ADD',
    rules: ['domain-constraint-scan'],
    sql: 'CREATE DOMAIN d AS int; CREATE TABLE s (a d);---ALTER DOMAIN d ADD CHECK (VALUE > 0);',
  },
  55: {
    hazard: 'ALTER DOMAIN VALIDATE',
    rules: ['domain-constraint-scan'],
    sql: 'CREATE DOMAIN d AS int; CREATE TABLE s (a d); ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;---ALTER DOMAIN d VALIDATE CONSTRAINT k;',
  },
  56: {
    hazard: 'ALTER DOMAIN SET NOT NULL',
    rules: ['domain-constraint-scan'],
    sql: 'CREATE DOMAIN d AS int; CREATE TABLE s (a d);---ALTER DOMAIN d SET NOT NULL;',
  },
  61: {
    hazard: 'several foreign keys',
    rules: ['several-tables-locked'],
    sql: `${P} CREATE TABLE q (id bigint PRIMARY KEY);---CREATE TABLE n (a bigint REFERENCES p, b bigint REFERENCES q);`,
  },
  64: { hazard: 'CREATE INDEX', rules: ['create-index-blocking'], sql: `${T}---CREATE INDEX ON t (a);` },
  65: {
    hazard: 'index on a new table',
    quiet: 'nobody uses it yet',
    sql: '---CREATE TABLE s (a int); CREATE INDEX ON s (a);',
  },
  68: {
    hazard: 'CREATE INDEX ON ONLY',
    quiet: 'builds nothing',
    sql: `${PARTS}---CREATE INDEX parts_n ON ONLY parts (n);`,
  },
  69: {
    hazard: 'CREATE INDEX on a partitioned table',
    rules: ['create-index-blocking'],
    sql: `${PARTS}---CREATE INDEX ON parts (n);`,
  },
  74: { hazard: 'DROP INDEX', rules: ['drop-index-locks-table'], sql: `${T} CREATE INDEX i ON t (a);---DROP INDEX i;` },
  76: { hazard: 'REINDEX', rules: ['reindex-blocking'], sql: `${T}---REINDEX TABLE t;` },
  81: {
    hazard: 'index renamed as a table',
    rules: ['rename-index-as-table'],
    sql: `${T} CREATE INDEX i ON t (a);---ALTER TABLE i RENAME TO j;`,
  },
  82: {
    hazard: 'index attached',
    quiet: 'reads no row',
    sql: `${PARTS} CREATE INDEX w ON ONLY parts (n); CREATE INDEX w1 ON parts_1 (n);---ALTER INDEX w ATTACH PARTITION w1;`,
  },
  83: { hazard: 'DROP TABLE', rules: ['drop-table'], sql: `${P}---DROP TABLE t;` },
  84: { hazard: 'DROP COLUMN', rules: ['drop-column'], sql: `${P}---ALTER TABLE t DROP COLUMN p_id;` },
  85: {
    hazard: 'DROP SCHEMA',
    rules: ['drop-schema'],
    sql: 'CREATE SCHEMA x; CREATE TABLE x.s (a int);---DROP SCHEMA x CASCADE;',
  },
  '85 database': { hazard: 'DROP DATABASE', rules: ['drop-database'], sql: '---DROP DATABASE shop;' },
  86: { hazard: 'TRUNCATE', rules: ['truncate-table'], sql: `${T}---TRUNCATE t;` },
  87: { hazard: 'RENAME TABLE', rules: ['rename-table'], sql: `${T}---ALTER TABLE t RENAME TO u;` },
  '87 schema': { hazard: 'SET SCHEMA', rules: ['move-to-schema'], sql: `${T}---ALTER TABLE t SET SCHEMA x;` },
  '87 enum': {
    hazard: 'RENAME VALUE',
    rules: ['rename-enum-value'],
    sql: "CREATE TYPE e AS ENUM ('a');---ALTER TYPE e RENAME VALUE 'a' TO 'b';",
  },
  88: {
    hazard: 'new table renamed',
    quiet: 'nobody uses it yet',
    sql: '---CREATE TABLE s (a int); ALTER TABLE s RENAME TO s2;',
  },
  89: { hazard: 'SET UNLOGGED', rules: ['table-rewrite'], sql: `${T}---ALTER TABLE t SET UNLOGGED;` },
  90: { hazard: 'SET TABLESPACE', rules: ['table-rewrite'], sql: `${T}---ALTER TABLE t SET TABLESPACE fast;` },
  91: { hazard: 'SET ACCESS METHOD', rules: ['table-rewrite'], sql: `${T}---ALTER TABLE t SET ACCESS METHOD other;` },
  92: { hazard: 'VACUUM FULL', rules: ['table-rewrite'], sql: `${T}---VACUUM FULL t;` },
  93: {
    hazard: 'ATTACH PARTITION',
    rules: ['attach-partition-scan'],
    sql: `${PARTS} CREATE TABLE s (n int);---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  },
  94: {
    hazard: 'ATTACH beside a default partition',
    rules: ['attach-partition-scan'],
    sql: `${PARTS} CREATE TABLE rest PARTITION OF parts DEFAULT; CREATE TABLE s (n int NOT NULL CHECK (n >= 5 AND n < 6));---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  },
  95: {
    hazard: 'PARTITION OF',
    rules: ['create-partition-locks-parent'],
    sql: `${PARTS}---CREATE TABLE s PARTITION OF parts FOR VALUES FROM (5) TO (6);`,
  },
  96: {
    hazard: 'ATTACH builds indexes',
    rules: ['attach-partition-scan'],
    sql: `${PARTS} CREATE INDEX ON parts (n); CREATE TABLE s (n int NOT NULL CHECK (n >= 5 AND n < 6));---ALTER TABLE parts ATTACH PARTITION s FOR VALUES FROM (5) TO (6);`,
  },
  97: {
    hazard: 'DETACH PARTITION',
    rules: ['detach-partition-locks-parent'],
    sql: `${PARTS}---ALTER TABLE parts DETACH PARTITION parts_1;`,
  },
  99: {
    hazard: 'REFRESH MATERIALIZED VIEW',
    rules: ['table-rewrite'],
    sql: `${T} CREATE MATERIALIZED VIEW m AS SELECT a FROM t;---REFRESH MATERIALIZED VIEW m;`,
  },
  101: {
    hazard: 'row security',
    rules: ['row-security-hides-rows'],
    sql: `${T}---ALTER TABLE t ENABLE ROW LEVEL SECURITY;`,
  },
  103: { hazard: 'LOCK TABLE', rules: ['lock-table'], sql: `${T}---BEGIN; LOCK TABLE t; COMMIT;` },
  112: {
    hazard: 'lock held during work',
    rules: ['lock-held-during-work'],
    sql: `${T}---ALTER TABLE t ADD d int; UPDATE t SET d = a WHERE a > 0;`,
  },
  113: {
    hazard: 'several tables in a transaction',
    rules: ['several-tables-locked'],
    sql: `${P}---ALTER TABLE t ADD d int; ALTER TABLE p ADD d int;`,
  },
  115: { hazard: 'unbatched write', rules: ['unbatched-write'], sql: `${T}---UPDATE t SET a = 0;` },
  '115 delete': { hazard: 'DELETE of all rows', rules: ['delete-all-rows'], sql: `${T}---DELETE FROM t;` },
};

describe.each(Object.entries(ROWS))('row %s', (_number, { hazard, sql, rules: names = [], quiet }) => {
  const [before = '', migration = ''] = sql.split('---');

  test(`${hazard}: ${names.join(', ') || quiet}`, () => {
    const found = analyseExample({ before, sql: migration }, names[0] ?? '').findings.map((finding) => finding.rule);
    expect(found.sort()).toEqual([...names].sort());
  });
});
