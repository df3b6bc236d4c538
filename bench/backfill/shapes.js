/** Tables of the same rows with different keys, each with a column `done` that is still empty. */
const COLUMNS = "a int NOT NULL, filler text NOT NULL DEFAULT repeat('x', 80), done int";

export const ROWS = 500_000;

const from = (keys, select, more = '') => `
  CREATE TABLE t (${keys}, ${COLUMNS});
  INSERT INTO t SELECT ${select}, g FROM generate_series(1, ${ROWS}) AS g;
  ${more}`;

export const SHAPES = {
  bigint: from('id bigint PRIMARY KEY', 'g'),
  uuid: from('id uuid PRIMARY KEY', 'gen_random_uuid()'),
  composite: from('tenant int, number int, PRIMARY KEY (tenant, number)', 'g % 50, g'),
  'no key': from('id bigint', 'g'),
  '90 % gaps': from('id bigint PRIMARY KEY', 'g * 10::bigint'),
  'indexed target': from('id bigint PRIMARY KEY', 'g', 'CREATE INDEX ON t (done);'),
};

export const STATEMENT = 'UPDATE t SET done = a + 1 WHERE done IS NULL';
