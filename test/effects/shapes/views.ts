import type { Shapes } from './shape.ts';

/** Views and materialized views. */
export const VIEWS: Shapes = [
  'CREATE INDEX ON sums (total)',
  'ALTER VIEW active RENAME TO lively',
  'DROP VIEW active',
  'DROP MATERIALIZED VIEW sums',
  'CREATE VIEW names AS SELECT name FROM users',
  'CREATE VIEW names AS SELECT * FROM totals',
  'CREATE OR REPLACE VIEW active AS SELECT id, vip FROM users WHERE NOT vip',
  'CREATE MATERIALIZED VIEW m AS SELECT * FROM orders',
  'REFRESH MATERIALIZED VIEW sums',
  'SELECT * FROM totals',
  'CREATE VIEW more AS SELECT * FROM depot_parcels',
  'CREATE TEMP VIEW more AS SELECT * FROM depots',
  'CREATE RECURSIVE VIEW more (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM more, clerks',
  'CREATE OR REPLACE VIEW depot_sizes AS SELECT id, city, size FROM depots',
  'CREATE OR REPLACE VIEW depot_sizes AS SELECT id, city, size, (SELECT count(*) FROM clerks) AS n FROM depots',
  'CREATE OR REPLACE VIEW depot_parcels AS SELECT d.id, p.size FROM depot_sizes d JOIN parcels p ON p.depot_id = d.id',
  {
    sql: 'SELECT * FROM parcel_sizes',
    before: 'CREATE OR REPLACE VIEW parcel_sizes AS SELECT size FROM depots',
  },
  {
    sql: 'SELECT * FROM public.here',
    before:
      'CREATE SCHEMA shop; CREATE TABLE shop.here (x int); SET search_path TO shop, public; CREATE VIEW public.here AS SELECT * FROM here',
  },
  'CREATE MATERIALIZED VIEW more AS SELECT * FROM depot_parcels',
  'CREATE MATERIALIZED VIEW more AS SELECT * FROM depot_parcels WITH NO DATA',
  'CREATE MATERIALIZED VIEW IF NOT EXISTS depot_list AS SELECT * FROM clerks',
  'REFRESH MATERIALIZED VIEW depot_copy',
  'REFRESH MATERIALIZED VIEW depot_list WITH NO DATA',
  'REFRESH MATERIALIZED VIEW CONCURRENTLY depot_list',
  'CLUSTER depot_list USING depot_list_id',
  'REINDEX TABLE depot_list',
  'REINDEX INDEX depot_list_id',
  'DROP VIEW depot_sizes CASCADE',
  'DROP MATERIALIZED VIEW depot_list CASCADE',
  'ALTER VIEW depot_sizes RENAME COLUMN size TO width',
  'ALTER VIEW depot_sizes ALTER COLUMN size SET DEFAULT 4',
  'ALTER VIEW depot_sizes ALTER COLUMN size DROP DEFAULT',
  'ALTER VIEW depot_sizes SET (security_barrier)',
  'ALTER VIEW depot_sizes RESET (security_barrier)',
  'ALTER VIEW depot_sizes SET SCHEMA other',
  'ALTER VIEW depot_sizes OWNER TO CURRENT_USER',
  'ALTER TABLE depot_sizes RENAME TO sizes',
  'ALTER MATERIALIZED VIEW depot_list RENAME TO depot_names',
  'ALTER MATERIALIZED VIEW depot_list RENAME COLUMN city TO town',
  'ALTER MATERIALIZED VIEW depot_list SET (fillfactor = 50)',
  'ALTER MATERIALIZED VIEW depot_list ALTER COLUMN city SET STATISTICS 5',
  'ALTER MATERIALIZED VIEW depot_list ALTER COLUMN city SET STORAGE EXTERNAL',
  'ALTER MATERIALIZED VIEW depot_list CLUSTER ON depot_list_id',
  'ALTER MATERIALIZED VIEW depot_list SET WITHOUT CLUSTER',
  'ALTER MATERIALIZED VIEW depot_list SET SCHEMA other',
  'ALTER MATERIALIZED VIEW depot_list OWNER TO CURRENT_USER',
  'LOCK TABLE depot_parcels',
  'LOCK TABLE used_depots IN SHARE MODE',
  'LOCK TABLE all_stops IN SHARE MODE',
  'LOCK TABLE ONLY stops',
  'LOCK TABLE stops IN SHARE MODE',
  'LOCK TABLE clerks, ONLY stops_2021 IN EXCLUSIVE MODE NOWAIT',
  // What CASCADE took is made anew, and is empty.
  {
    sql: 'CREATE UNIQUE INDEX one_city ON cities (city)',
    before:
      'CREATE VIEW towns AS SELECT city FROM depots; CREATE MATERIALIZED VIEW cities AS SELECT city FROM towns; CREATE INDEX one_city ON cities (city); DROP VIEW towns CASCADE',
    sameFile: 'CREATE MATERIALIZED VIEW cities AS SELECT city FROM depots GROUP BY city',
  },
  {
    sql: 'CREATE UNIQUE INDEX IF NOT EXISTS one_city ON cities (city)',
    before:
      'CREATE MATERIALIZED VIEW cities AS SELECT DISTINCT city FROM depots; CREATE UNIQUE INDEX one_city ON cities (city); DROP MATERIALIZED VIEW cities; CREATE MATERIALIZED VIEW cities AS SELECT DISTINCT city FROM depots',
  },
  {
    sql: 'DROP TABLE sheds CASCADE',
    before:
      'CREATE TABLE sheds (id int, old int); CREATE VIEW old_sheds AS SELECT old FROM sheds; CREATE VIEW ids AS SELECT id FROM sheds; ALTER TABLE sheds DROP COLUMN old CASCADE; CREATE VIEW old_sheds AS SELECT 1 AS x',
  },
  {
    sql: 'DROP FUNCTION doubled CASCADE',
    before:
      'CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql AS $$SELECT $1 * 2$$; CREATE TABLE pairs (n int DEFAULT doubled(1)); CREATE VIEW couples AS SELECT doubled(n) FROM pairs; DROP FUNCTION doubled CASCADE; CREATE VIEW couples AS SELECT n FROM pairs; CREATE FUNCTION doubled(int) RETURNS int LANGUAGE sql AS $$SELECT $1 * 2$$',
  },
];
