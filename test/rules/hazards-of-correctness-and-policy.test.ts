import { beforeAll, expect, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { analyseExample } from './example.ts';

beforeAll(loadParser);

const T = 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c timestamptz, d_id bigint);';
const PARTS =
  'CREATE TABLE parts (n int, m bigint) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);';

/** A hazard, the one rule that finds it in the migration, what earlier migrations made, and the last version that it is a hazard for. */
const ROWS: readonly (readonly [hazard: string, rule: string, before: string, sql: string, until?: number])[] = [
  ['14 json column', 'json-column', T, 'ALTER TABLE t ADD COLUMN d json;'],
  ['16 guard that hides a difference', 'if-not-exists-hides-difference', T, 'CREATE TABLE IF NOT EXISTS t (z int);'],
  [
    '40 key not valid on partitions',
    'partitioned-foreign-key-not-valid',
    `${T}${PARTS}`,
    'ALTER TABLE parts ADD FOREIGN KEY (m) REFERENCES t NOT VALID;',
    17,
  ],
  ['50 newer syntax', 'newer-than-server', T, 'ALTER TABLE t ADD CHECK (a > 0) NOT VALID NOT ENFORCED;', 17],
  ['57 domain with a constraint', 'domain-with-constraint', '', 'CREATE DOMAIN d AS int CHECK (VALUE > 0);'],
  [
    '58 key without index',
    'foreign-key-without-index',
    T,
    'ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (d_id) REFERENCES t NOT VALID;',
  ],
  ['59 key of another type', 'foreign-key-types-differ', T, 'CREATE TABLE u (t_id uuid REFERENCES t);'],
  ['59 narrower key', 'foreign-key-too-narrow', T, 'CREATE TABLE u (t_id int REFERENCES t);'],
  ['60 cascade', 'cascading-delete', T, 'CREATE TABLE u (t_id bigint REFERENCES t ON DELETE CASCADE);'],
  ['62 volatile check', 'check-not-immutable', T, 'ALTER TABLE t ADD CHECK (c < now()) NOT VALID;'],
  ['62 volatile index', 'expression-not-immutable', T, 'CREATE INDEX CONCURRENTLY ON t (concat(b));'],
  ['63 no name', 'unnamed-constraint', T, 'ALTER TABLE t ADD CHECK (a > 0) NOT VALID;'],
  ['66 in a transaction', 'concurrently-in-transaction', T, 'BEGIN; CREATE INDEX CONCURRENTLY ON t (a); COMMIT;'],
  [
    '67 concurrently on a partitioned table',
    'concurrently-on-partitioned',
    PARTS,
    'CREATE INDEX CONCURRENTLY ON parts (n);',
  ],
  [
    '70 invalid index skipped',
    'if-not-exists-keeps-invalid-index',
    T,
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);',
  ],
  [
    '71 timeout during a build',
    'timeout-during-concurrently',
    T,
    "SET statement_timeout = '1min'; CREATE INDEX CONCURRENTLY ON t (a);",
  ],
  ['75 index of a constraint', 'drop-index-of-constraint', T, 'DROP INDEX CONCURRENTLY t_pkey;'],
  ['78 hash index', 'hash-index', T, 'CREATE INDEX CONCURRENTLY ON t USING hash (a);'],
  ['78 wide index', 'wide-index', T, 'CREATE INDEX CONCURRENTLY ON t (id, a, b, c);'],
  [
    '80 dropped before replaced',
    'index-dropped-before-replacement',
    `${T} CREATE INDEX i ON t (a);`,
    'DROP INDEX CONCURRENTLY i; CREATE INDEX CONCURRENTLY i ON t (a, b);',
  ],
  [
    '97 detach beside a default partition',
    'detach-beside-default-partition',
    `${PARTS} CREATE TABLE parts_d PARTITION OF parts DEFAULT;`,
    'ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;',
  ],
  [
    '98 unique without the partition key',
    'partition-key-not-in-unique',
    PARTS,
    'CREATE UNIQUE INDEX ON ONLY parts (m);',
  ],
  ['104 no key', 'no-primary-key', '', 'CREATE TABLE u (a text);'],
  ['104 serial', 'serial-column', '', 'CREATE TABLE u (a bigserial PRIMARY KEY);'],
  ['104 char(n)', 'char-column', '', 'CREATE TABLE u (a char(3));'],
  ['104 varchar(n)', 'varchar-limit', '', 'CREATE TABLE u (a varchar(3));'],
  ['104 timestamp', 'timestamp-without-time-zone', '', 'CREATE TABLE u (a timestamp);'],
  ['104 money', 'money-column', '', 'CREATE TABLE u (a money);'],
  ['104 float', 'float-for-money', '', 'CREATE TABLE u (price float);'],
  ['105 int key', 'int-primary-key', '', 'CREATE TABLE u (a serial PRIMARY KEY);'],
  ['106 autovacuum', 'autovacuum-disabled', T, 'ALTER TABLE t SET (autovacuum_enabled = off);'],
  [
    '109 value used too early',
    'enum-value-used-too-early',
    "CREATE TYPE e AS ENUM ('a');",
    "BEGIN; ALTER TYPE e ADD VALUE 'b'; SELECT 'b'::e; COMMIT;",
  ],
  ['110 value without a place', 'enum-value-unordered', "CREATE TYPE e AS ENUM ('a');", "ALTER TYPE e ADD VALUE 'b';"],
  ['111 no lock_timeout', 'missing-lock-timeout', T, 'ALTER TABLE t ADD COLUMN d int;'],
  ['114 nested BEGIN', 'transaction-command-ignored', '', 'BEGIN; BEGIN; COMMIT;'],
  ['114 not committed', 'transaction-left-open', '', 'BEGIN;'],
  [
    '120 SECURITY DEFINER',
    'security-definer-search-path',
    '',
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
  ],
  ['120 GRANT to PUBLIC', 'grant-to-public', '', 'CREATE TABLE u (a text); GRANT SELECT ON u TO PUBLIC;'],
];

test.each(ROWS.map(([hazard, rule, before, sql, until]) => ({ hazard, rule, before, sql, until })))(
  'row $hazard: $rule',
  ({ rule, before, sql, until }) => {
    const { findings } = analyseExample({ before, sql, ...(until === undefined ? {} : { until }) }, rule);
    expect(findings.map((finding) => finding.rule)).toEqual([rule]);
  },
);
