import type { Shapes } from './shape.ts';

/** SELECT, DML, COPY. */
export const QUERIES: Shapes = [
  'UPDATE bare SET x = 1',
  'DELETE FROM bare',
  'INSERT INTO bare VALUES (1, 2)',
  'INSERT INTO bare SELECT id, age FROM users',
  'SELECT * FROM users',
  'SELECT * FROM bare FOR UPDATE',
];
