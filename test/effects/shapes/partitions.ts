import type { Shapes } from './shape.ts';

/** Partitioned tables and their partitions. */
export const PARTITIONS: Shapes = [
  'ALTER TABLE visits ADD COLUMN c int',
  'ALTER TABLE visits DROP COLUMN path',
  'ALTER INDEX visits_path ATTACH PARTITION visits_2020_path',
  'ALTER TABLE parts_1 ALTER COLUMN a SET NOT NULL',
  'ALTER TABLE parts ADD CHECK (a > 0)',
  'ALTER TABLE parts ALTER COLUMN n TYPE bigint',
  "ALTER TABLE visits ATTACH PARTITION visits_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
  'ALTER TABLE visits DETACH PARTITION visits_2020',
  'ALTER TABLE plans DETACH PARTITION plans_2020',
  'ALTER TABLE visits RENAME COLUMN path TO address',
  'CREATE INDEX ON visits (path)',
  'CREATE INDEX ON ONLY visits (path)',
  'DROP TABLE visits_2020',
  'DROP TABLE visits',
  "CREATE TABLE visits_2022 PARTITION OF visits FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')",
  "CREATE TABLE plans_2021 PARTITION OF plans FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
  'TRUNCATE visits',
];
