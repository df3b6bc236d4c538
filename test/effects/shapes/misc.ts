import type { Shapes } from './shape.ts';

/** Everything else. */
export const MISC: Shapes = ['CREATE SCHEMA more', 'GRANT SELECT ON users TO PUBLIC'];
