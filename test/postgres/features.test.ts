import { expect, test } from 'vitest';
import { newerFeatures } from '../../src/postgres/features.ts';

test.each([
  'CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text)',
  'CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL, CONSTRAINT x CHECK (a > 0))',
  "CREATE TABLE virtual (merge text, enforced boolean DEFAULT true, period int, compression text DEFAULT 'lz4')",
  "COMMENT ON TABLE t IS 'NULLS NOT DISTINCT, MERGE INTO, NOT ENFORCED'",
  'ALTER TABLE t ALTER COLUMN a SET NOT NULL, ADD COLUMN b int NOT NULL DEFAULT 0',
  'ALTER TABLE t DETACH PARTITION p',
  'CREATE INDEX CONCURRENTLY ON t (a)',
  'CREATE OR REPLACE VIEW v AS SELECT DISTINCT a FROM t',
  'CREATE STATISTICS s (dependencies) ON a, b FROM t',
  'CREATE PUBLICATION p FOR TABLE t, u WITH (publish = $$insert$$)',
  'CREATE PUBLICATION p FOR ALL TABLES',
  'ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id) ON DELETE SET NULL',
  'SELECT "uuidv7" (1), "NOT" "ENFORCED"',
  'ALTER TABLE t ADD CONSTRAINT x CHECK (a IS NOT NULL) NOT VALID',
])('%s runs on every version', (sql) => {
  expect(newerFeatures(sql, 13).map(({ what }) => what)).toEqual([]);
});
