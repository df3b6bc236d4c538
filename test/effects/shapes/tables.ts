import type { Shapes } from './shape.ts';

/** Tables as a whole. */
export const TABLES: Shapes = [
  'ALTER TABLE users OWNER TO CURRENT_USER',
  'ALTER TABLE scratch SET LOGGED',
  'ALTER TABLE bare SET UNLOGGED',
  'ALTER TABLE users SET (fillfactor = 80)',
  'ALTER TABLE users RESET (fillfactor)',
  'ALTER TABLE users SET (autovacuum_enabled = false)',
  'ALTER TABLE users SET (user_catalog_table = true)',
  'ALTER TABLE users CLUSTER ON users_seen',
  'ALTER TABLE users SET WITHOUT CLUSTER',
  'ALTER TABLE users RENAME TO people',
  'ALTER TABLE users SET SCHEMA other',
  'DROP TABLE bare',
  'CREATE TABLE notes (id int PRIMARY KEY)',
  'CREATE TABLE notes (LIKE users INCLUDING ALL)',
  'CREATE TABLE copy AS SELECT * FROM users',
  { sql: 'ALTER TABLE bare SET ACCESS METHOD heap', since: 15 },
];
