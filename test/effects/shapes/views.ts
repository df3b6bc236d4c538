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
];
