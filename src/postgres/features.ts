import { plainWords } from '../sql/plain-words.ts';

/** Something that a major version brought, and how its statements are told. */
export interface Feature {
  readonly what: string;
  readonly since: number;
  /** Matched against the statement's plain words. */
  readonly pattern: RegExp;
  /** A statement that runs from that version on, after EXAMPLE_SCHEMA; a test runs it on both sides. */
  readonly example: string;
}

/** For the examples: tables t (id, a, b), parts with partition part_1, and view v. */
export const EXAMPLE_SCHEMA = `
  CREATE TABLE t (id int PRIMARY KEY, a int, b int);
  CREATE TABLE parts (id int) PARTITION BY RANGE (id);
  CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
  CREATE TABLE g (a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
  CREATE VIEW v AS SELECT a FROM t;
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
`;

export const FEATURES: readonly Feature[] = [
  {
    what: 'DETACH PARTITION … CONCURRENTLY',
    since: 14,
    pattern: /\bDETACH PARTITION .* (?:CONCURRENTLY|FINALIZE)\b/,
    example: 'ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY',
  },
  {
    what: 'COMPRESSION of a column',
    since: 14,
    pattern: /\bSET COMPRESSION\b|[(,] [\w"]+ [\w". ]+ COMPRESSION\b/,
    example: 'CREATE TABLE w (a text COMPRESSION pglz)',
  },
  {
    what: 'CREATE OR REPLACE TRIGGER',
    since: 14,
    pattern: /^CREATE OR REPLACE (?:CONSTRAINT )?TRIGGER\b/,
    example: 'CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()',
  },
  {
    what: 'a function body in SQL (BEGIN ATOMIC)',
    since: 14,
    pattern: /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b.* BEGIN ATOMIC\b/,
    example: 'CREATE FUNCTION one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END',
  },
  {
    what: 'statistics of an expression',
    since: 14,
    pattern: /^CREATE STATISTICS\b.* ON (?:.* , )?\(/,
    example: 'CREATE STATISTICS s ON (a + b) FROM t',
  },
  {
    what: 'REINDEX … TABLESPACE',
    since: 14,
    pattern: /^REINDEX \( .*\bTABLESPACE\b/,
    example: 'REINDEX (TABLESPACE pg_default) TABLE t',
  },
  {
    what: 'NULLS NOT DISTINCT',
    since: 15,
    pattern: /\bNULLS NOT DISTINCT\b/,
    example: 'CREATE UNIQUE INDEX ON t (a) NULLS NOT DISTINCT',
  },
  {
    what: 'MERGE',
    since: 15,
    pattern: /^MERGE INTO\b/,
    example: 'MERGE INTO t USING g ON t.a = g.a WHEN MATCHED THEN DELETE',
  },
  {
    what: 'SET ACCESS METHOD',
    since: 15,
    pattern: /\bSET ACCESS METHOD\b/,
    example: 'ALTER TABLE t SET ACCESS METHOD heap',
  },
  {
    what: 'security_invoker of a view',
    since: 15,
    pattern: /\bVIEW\b.* (?:WITH|SET) \( .*\bSECURITY_INVOKER\b/,
    example: 'CREATE VIEW w WITH (security_invoker = true) AS SELECT 1',
  },
  {
    what: 'a publication of a schema, or of some rows or columns',
    since: 15,
    pattern: /\bPUBLICATION\b.*\b(?:TABLES IN SCHEMA\b|TABLE (?:ONLY )?[\w". ]+ (?:\(|WHERE\b))/,
    example: 'CREATE PUBLICATION p FOR TABLE t (id)',
  },
  {
    what: 'ON DELETE SET NULL or SET DEFAULT for some columns',
    since: 15,
    pattern: /\bON DELETE SET (?:NULL|DEFAULT) \(/,
    example: 'ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t ON DELETE SET NULL (a)',
  },
  {
    what: 'STORAGE in CREATE TABLE',
    since: 16,
    pattern: /^CREATE (?:\w+ )?TABLE\b.*[(,] [\w"]+ (?:TEXT|JSONB?|BYTEA|VARCHAR) STORAGE \w+/,
    example: 'CREATE TABLE s (a text STORAGE external)',
  },
  {
    what: 'statistics without a name',
    since: 16,
    pattern: /^CREATE STATISTICS (?:\( [\w, ]+ \) )?ON\b/,
    example: 'CREATE STATISTICS ON a, b FROM t',
  },
  { what: 'IS JSON', since: 16, pattern: /\bIS (?:NOT )?JSON\b/, example: "SELECT '{}' IS JSON" },
  {
    what: 'SET EXPRESSION of a generated column',
    since: 17,
    pattern: /\bSET EXPRESSION AS\b/,
    example: 'ALTER TABLE g ALTER COLUMN twice SET EXPRESSION AS (a * 3)',
  },
  {
    what: 'MERGE … RETURNING',
    since: 17,
    pattern: /^MERGE INTO\b.* RETURNING\b/,
    example: 'MERGE INTO t USING g ON t.a = g.a WHEN MATCHED THEN DELETE RETURNING t.a',
  },
  {
    what: 'JSON_TABLE',
    since: 17,
    pattern: /\bJSON_TABLE \(/,
    example: "SELECT * FROM JSON_TABLE(jsonb '[1]', '$[*]' COLUMNS (a int PATH '$'))",
  },
  {
    what: 'the privilege MAINTAIN',
    since: 17,
    pattern: /^(?:GRANT|REVOKE)\b.*\bMAINTAIN\b.* ON\b/,
    example: 'GRANT MAINTAIN ON t TO CURRENT_USER',
  },
  {
    what: 'a virtual generated column',
    since: 18,
    pattern: /\bGENERATED ALWAYS AS \((?:(?!\bSTORED\b).)*\) (?:VIRTUAL\b|[,)]|$|NOT NULL|CHECK)|\) VIRTUAL\b/,
    example: 'CREATE TABLE w (a int, twice int GENERATED ALWAYS AS (a * 2) VIRTUAL)',
  },
  {
    what: 'NOT ENFORCED',
    since: 18,
    pattern: /\b(?:NOT|\)|''|\w) ENFORCED\b/,
    example: 'ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED',
  },
  {
    what: 'NOT NULL as a constraint of the table',
    since: 18,
    pattern: /\bADD (?:CONSTRAINT [\w"]+ )?NOT NULL [\w"]+|[(,] CONSTRAINT [\w"]+ NOT NULL [\w"]+/,
    example: 'ALTER TABLE t ADD CONSTRAINT given NOT NULL a NOT VALID',
  },
  {
    what: 'WITHOUT OVERLAPS or PERIOD in a key',
    since: 18,
    pattern: /\bWITHOUT OVERLAPS\b|[(,] PERIOD [\w"]+ \)/,
    example: 'CREATE TABLE w (a int4range, during int4range, UNIQUE (a, during WITHOUT OVERLAPS))',
  },
  {
    what: 'uuidv7()',
    since: 18,
    pattern: /\bUUIDV[47] \(/,
    example: 'SELECT uuidv7()',
  },
];

/** Worth a closer look: most statements hold none of these words. */
const HINT =
  /concurrently|finalize|compression|replace|atomic|statistics|reindex|distinct|merge|access|security_invoker|publication|set\s+(?:null|default)|storage|json|expression|maintain|generated|enforced|not\s+null|overlaps|period|uuidv/i;

/** What the statement uses that a server of that major version does not have. */
export function newerFeatures(text: string, version: number): Feature[] {
  const newer = FEATURES.filter(({ since }) => since > version);
  if (newer.length === 0 || !HINT.test(text)) return [];
  const words = plainWords(text);
  return newer.filter(({ pattern }) => pattern.test(words));
}
