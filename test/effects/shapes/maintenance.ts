import type { Shapes } from './shape.ts';

/** REINDEX, CLUSTER, VACUUM, ANALYZE, TRUNCATE, LOCK, COMMENT. */
export const MAINTENANCE: Shapes = [
  'CLUSTER users USING users_seen',
  'ANALYZE users',
  'TRUNCATE bare',
  'TRUNCATE users CASCADE',
  'LOCK TABLE users',
  'LOCK TABLE users IN SHARE MODE',
  'COMMENT ON TABLE users IS $$x$$',
  'COMMENT ON COLUMN users.email IS $$x$$',
  'CREATE STATISTICS st ON age, score FROM users',
];
