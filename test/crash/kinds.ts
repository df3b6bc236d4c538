import type { Holder } from './holders.ts';

/** A kind of migration file, or of several that belong together. */
export interface Kind {
  readonly name: string;
  /** What the database has before. */
  readonly before: string;
  readonly files: Readonly<Record<string, string>>;
  /** The statements that can be caught in the middle, and by what. */
  readonly held?: readonly { readonly statement: RegExp; readonly by: readonly Holder[] }[];
  /** What a person looks at when tiptoe asks whether a statement has happened: a query that has a row if it has. */
  readonly happened?: string;
  /** Whether tiptoe has never run in the database before. */
  readonly bare?: true;
  /** The oldest server that has it. */
  readonly since?: number;
}

const T = 'CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, repeat(i::text, 20) FROM generate_series(1, 300) i;';

const WAITS_FOR_SNAPSHOTS = ['writer', 'snapshot'] as const;
const WAITS_FOR_ALL = ['writer', 'snapshot', 'reader'] as const;

export const KINDS: readonly Kind[] = [
  {
    name: 'the first run',
    before: T,
    files: { '1_a.sql': 'ALTER TABLE t ADD c int;' },
    bare: true,
  },
  {
    name: 'one transaction',
    before: T,
    files: {
      '1_a.sql': `CREATE TABLE made (id int PRIMARY KEY, a text); ALTER TABLE t ADD c int; CREATE INDEX made_a ON made (a);
        INSERT INTO made SELECT i, repeat('x', 500) FROM generate_series(1, 500) i; UPDATE t SET c = a WHERE a < 10;`,
    },
  },
  {
    name: 'two files',
    before: T,
    files: {
      '1_a.sql': 'ALTER TABLE t ADD c int;',
      '2_empty.sql': '-- nothing',
      '3_b.sql': 'ALTER TABLE t RENAME c TO d;',
    },
  },
  {
    name: 'a DO block',
    before: T,
    files: {
      '1_a.sql': `DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD c int DEFAULT 1'; INSERT INTO t SELECT 0, 'do' FROM generate_series(1, 100); END $$;`,
    },
  },
  {
    name: 'an enum value and its use',
    before: `CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (a mood);`,
    files: { '1_a.sql': `ALTER TYPE mood ADD VALUE 'happy'; INSERT INTO t VALUES ('happy');` },
  },
  {
    name: 'a constraint and its validation',
    before: T,
    files: {
      '1_a.sql': 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;',
    },
  },
  {
    name: 'BEGIN and COMMIT',
    before: T,
    files: {
      '1_a.sql': `BEGIN; CREATE TABLE one (a int); INSERT INTO one VALUES (1); COMMIT; ALTER TABLE t ADD c int; BEGIN; ALTER TABLE one ADD b int; COMMIT;`,
    },
  },
  {
    name: 'CREATE INDEX CONCURRENTLY',
    before: T,
    files: { '1_a.sql': 'SET search_path = public; CREATE INDEX CONCURRENTLY t_a ON t (a); ALTER TABLE t ADD c int;' },
    held: [{ statement: /^CREATE INDEX/, by: WAITS_FOR_SNAPSHOTS }],
  },
  {
    name: 'CREATE INDEX CONCURRENTLY without a name, and with IF NOT EXISTS',
    before: T,
    files: {
      '1_a.sql': 'CREATE INDEX CONCURRENTLY ON t (a); CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_u ON t (a);',
    },
    held: [{ statement: /^CREATE/, by: WAITS_FOR_SNAPSHOTS }],
  },
  {
    name: 'DROP INDEX CONCURRENTLY',
    before: `${T} CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b);`,
    files: { '1_a.sql': 'DROP INDEX CONCURRENTLY t_a; DROP INDEX CONCURRENTLY IF EXISTS t_b;' },
    held: [{ statement: /^DROP INDEX/, by: WAITS_FOR_ALL }],
  },
  {
    name: 'REINDEX CONCURRENTLY',
    before: `${T} CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b);`,
    files: { '1_a.sql': 'REINDEX INDEX CONCURRENTLY t_a; REINDEX TABLE CONCURRENTLY t;' },
    held: [{ statement: /^REINDEX/, by: WAITS_FOR_ALL }],
  },
  {
    name: 'REINDEX SCHEMA CONCURRENTLY',
    before: `CREATE TABLE t (); CREATE SCHEMA s; CREATE TABLE s.t (a int PRIMARY KEY); CREATE INDEX s_a ON s.t (a);`,
    files: { '1_a.sql': 'REINDEX SCHEMA CONCURRENTLY s;' },
    held: [{ statement: /^REINDEX/, by: ['snapshot'] }],
  },
  {
    name: 'REINDEX of a partitioned table',
    before: `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p FOR VALUES IN (1);
      CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2); CREATE INDEX p_a ON p (a);`,
    files: { '1_a.sql': 'REINDEX TABLE p; REINDEX TABLE CONCURRENTLY p; REINDEX INDEX CONCURRENTLY p_a;' },
    held: [{ statement: /^REINDEX .*CONCURRENTLY/, by: ['snapshot', 'reader'] }],
    since: 14,
  },
  {
    name: 'DETACH PARTITION CONCURRENTLY',
    before: `CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
      CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2);`,
    files: { '1_a.sql': 'ALTER TABLE t DETACH PARTITION t_1 CONCURRENTLY; DROP TABLE t_1;' },
    held: [{ statement: /^ALTER TABLE t DETACH/, by: ['reader'] }],
    since: 14,
  },
  {
    name: 'VACUUM beside other statements',
    before: T,
    files: { '1_a.sql': 'DELETE FROM t WHERE a > 250; VACUUM (ANALYZE) t; CREATE TABLE after (a int);' },
  },
  {
    name: 'without a transaction',
    before: T,
    files: {
      '1_a.sql': `-- tiptoe:transaction none\nINSERT INTO t VALUES (0, 'none'); CREATE TABLE made (a int); VACUUM t; INSERT INTO made VALUES (1);`,
    },
  },
  {
    name: 'a procedure that commits',
    before: `${T} CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN
      FOR i IN 1..3 LOOP UPDATE t SET b = 'filled' WHERE a = i AND b <> 'filled'; COMMIT; END LOOP;
      INSERT INTO t VALUES (0, 'all are filled'); COMMIT; END $$;`,
    files: { '1_a.sql': '-- tiptoe:transaction none\nCALL fill(); ALTER TABLE t ADD c int;' },
    happened: `SELECT FROM t WHERE b = 'all are filled'`,
  },
  {
    name: 'a backfill between migrations',
    before: `CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t SELECT i FROM generate_series(1, 50) i;`,
    files: {
      '1_a.sql': 'ALTER TABLE t ADD c int;',
      '2_fill.backfill.sql': 'UPDATE t SET b = a WHERE b IS NULL;',
      '3_b.sql': 'ALTER TABLE t ADD d int;',
    },
  },
];
