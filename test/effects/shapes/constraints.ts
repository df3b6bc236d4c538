import type { Shapes } from './shape.ts';

/** Constraints of one table. */
export const CONSTRAINTS: Shapes = [
  'ALTER TABLE twice ADD CONSTRAINT p PRIMARY KEY USING INDEX twice_b',
  'ALTER TABLE orders ALTER COLUMN total SET NOT NULL, DROP CONSTRAINT total_given',
  'ALTER TABLE bare ADD CONSTRAINT c CHECK (x > 0)',
  'ALTER TABLE bare ADD CONSTRAINT c CHECK (x > 0) NOT VALID',
  'ALTER TABLE bare ADD CONSTRAINT c UNIQUE (x)',
  'ALTER TABLE bare ADD CONSTRAINT c EXCLUDE USING btree (x WITH =)',
  'ALTER TABLE lines ADD CONSTRAINT c UNIQUE USING INDEX lines_sku',
  'ALTER TABLE orders DROP CONSTRAINT total_given',
  'ALTER TABLE orders VALIDATE CONSTRAINT note_given',
  'ALTER TABLE orders VALIDATE CONSTRAINT total_given',
  'ALTER TABLE orders RENAME CONSTRAINT total_given TO total_there',
  { sql: 'ALTER TABLE bare ADD CONSTRAINT c NOT NULL x', since: 18 },
  { sql: 'ALTER TABLE bare ADD CONSTRAINT c NOT NULL x NOT VALID', since: 18 },
  { sql: 'ALTER TABLE bare ADD CONSTRAINT c CHECK (x > 0) NOT ENFORCED', since: 18 },
  { sql: 'ALTER TABLE twice ADD CONSTRAINT c NOT NULL a', since: 18 },
  { sql: 'ALTER TABLE orders ALTER CONSTRAINT orders_user ENFORCED', since: 18 },
  { sql: 'ALTER TABLE bare ALTER x SET NOT NULL', before: 'ALTER TABLE bare ADD CHECK (x IS DISTINCT FROM NULL)' },
];
