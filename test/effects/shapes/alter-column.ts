import type { Shapes } from './shape.ts';

/** The other subcommands of columns. */
export const ALTER_COLUMN: Shapes = [
  'ALTER TABLE bare DROP COLUMN x',
  'ALTER TABLE twice ALTER COLUMN a SET NOT NULL',
  'ALTER TABLE orders ALTER COLUMN n SET NOT NULL',
  'ALTER TABLE orders ALTER COLUMN note SET NOT NULL',
  'ALTER TABLE orders ALTER COLUMN total SET NOT NULL',
  'ALTER TABLE orders ALTER COLUMN n DROP NOT NULL',
  'ALTER TABLE orders ALTER COLUMN n SET DEFAULT 1',
  'ALTER TABLE orders ALTER COLUMN n DROP DEFAULT',
  'ALTER TABLE orders ALTER COLUMN twice DROP EXPRESSION',
  'ALTER TABLE users ALTER COLUMN email SET STATISTICS 500',
  'ALTER TABLE users ALTER COLUMN email SET (n_distinct = 5)',
  'ALTER TABLE users ALTER COLUMN email SET STORAGE EXTERNAL',
  'ALTER TABLE users RENAME COLUMN email TO mail',
  { sql: 'ALTER TABLE users ALTER COLUMN email SET COMPRESSION pglz', since: 14 },
  { sql: 'ALTER TABLE orders ALTER COLUMN twice SET EXPRESSION AS (n * 3)', since: 17 },
  {
    sql: 'ALTER TABLE twice ALTER a SET NOT NULL',
    before: 'ALTER TABLE twice ADD CONSTRAINT n NOT NULL a NOT VALID',
    since: 18,
  },
];
