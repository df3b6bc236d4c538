import type { Shapes } from './shape.ts';

/** Foreign keys, which concern two tables. */
export const FOREIGN_KEYS: Shapes = [
  'ALTER TABLE bare ADD COLUMN c bigint REFERENCES users',
  'ALTER TABLE lines ADD COLUMN c bigint DEFAULT 1 REFERENCES users',
  'ALTER TABLE lines DROP COLUMN order_id',
  'ALTER TABLE lines ALTER COLUMN order_id TYPE int',
  'ALTER TABLE lines ADD CONSTRAINT c FOREIGN KEY (order_id) REFERENCES users',
  'ALTER TABLE lines ADD CONSTRAINT c FOREIGN KEY (order_id) REFERENCES users NOT VALID',
  'ALTER TABLE orders DROP CONSTRAINT orders_user',
  'ALTER TABLE orders VALIDATE CONSTRAINT orders_user_again',
  'ALTER TABLE orders ALTER CONSTRAINT orders_user DEFERRABLE',
  'DROP TABLE lines',
  'DROP TABLE orders CASCADE',
  'CREATE TABLE notes (user_id bigint REFERENCES users)',
  { sql: 'ALTER TABLE orders ALTER CONSTRAINT orders_user NOT ENFORCED', since: 18 },
  {
    sql: 'ALTER TABLE empty ADD FOREIGN KEY (a) REFERENCES orders',
    before: 'CREATE TABLE empty (a bigint) PARTITION BY LIST (a)',
  },
];
