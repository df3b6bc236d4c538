import type { Shapes } from './shape.ts';

/** Indexes. */
export const INDEXES: Shapes = [
  'CREATE INDEX IF NOT EXISTS users_seen ON users (seen)',
  'ALTER INDEX users_seen RENAME TO seen_users',
  'CREATE INDEX ON users (age)',
  'CREATE UNIQUE INDEX ON bare (x)',
  'DROP INDEX users_seen',
  'REINDEX INDEX users_seen',
];
