import { beforeAll, describe, expect, test } from 'vitest';
import { readSpec } from '../../src/backfill/spec.ts';
import { Problem } from '../../src/problem.ts';
import { loadParser } from '../../src/sql/libpg.ts';

beforeAll(loadParser);

const read = (text: string, variables: Record<string, string> = {}) =>
  readSpec({ name: '002_x', path: 'migrations/002_x.backfill.sql', text }, variables);

function problem(text: string): Problem {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it was read');
}

test('a header with everything', () => {
  const spec = read(`-- Fills the new column. Ticket: ABC-1
-- tiptoe:requires 001_email
-- tiptoe:backfill
-- key: tenant_id, "Id"
-- rate: 5000 rows/s
--
-- batch-time: 100ms
-- batch-size: 10
-- max-batch-size: 500
-- max-lag: 2s

UPDATE users SET a = 1; -- all of them
`);
  expect(spec).toMatchObject({
    name: '002_x',
    path: 'migrations/002_x.backfill.sql',
    keyColumns: ['tenant_id', 'Id'],
    settings: { rate: 5000, batchTimeMs: 100, batchSize: 10, maxBatchSize: 500, maxLagMs: 2000 },
    statement: { command: 'update', text: 'UPDATE users SET a = 1' },
  });
});

test('no header, Windows line ends, a byte order mark and variables', () => {
  const spec = read('\uFEFFUPDATE :APP.users\r\nSET a = 1\r\n', { APP: 'app' });
  expect(spec).toMatchObject({
    keyColumns: null,
    settings: {},
    statement: { table: { schema: 'app', name: 'users' } },
  });
});

test('the hash is of the statement alone', () => {
  const { statementHash } = read('UPDATE users SET a = 1 WHERE b');
  expect(read('-- tiptoe:backfill\n-- rate: 1\n/* why */ UPDATE users\n SET a=1 WHERE b -- so;\n;').statementHash).toBe(
    statementHash,
  );
  expect(read('UPDATE users SET a = 2 WHERE b').statementHash).not.toBe(statementHash);
});

test('everything that is wrong in a header is said at once', () => {
  expect(
    problem(`-- rate: 5
-- tiptoe:backfill
-- batch-tme: 1s
-- rate: 0
-- batch-size: many
-- key: a b
-- max-lag: 5
-- rate: 1
-- hello
UPDATE t SET a = 1`),
  ).toMatchObject({
    exitCode: 2,
    message:
      'migrations/002_x.backfill.sql: line 1: rate is set outside of the header, which -- tiptoe:backfill begins; ' +
      'line 3: unknown setting batch-tme, did you mean batch-time?; ' +
      "line 4: rate is more than 0 rows per second, such as '5000 rows/s', or none for no limit; to stop a backfill, pause it, not '0'; " +
      "line 5: batch-size is a whole number of rows from 1 to 1000000, such as 1000, not 'many'; " +
      "line 6: key is one column or several, comma-separated, such as 'id' or 'tenant_id, id', not 'a b'; " +
      "line 7: max-lag is a duration from 1ms to 24h, such as 5s, not '5'; " +
      'line 8: rate is set twice; ' +
      'line 9: not of the form name: value.',
  });
});

describe('one line for', () => {
  test.each([
    [
      '',
      'migrations/002_x.backfill.sql has no statement; a backfill is exactly one UPDATE, DELETE or INSERT … SELECT.',
    ],
    [
      'UPDATE t SET a = 1;\n\nDELETE FROM t;',
      'migrations/002_x.backfill.sql has 2 statements (lines 1, 3); a backfill is exactly one UPDATE, DELETE or INSERT … SELECT.',
    ],
    ['\nUPDATE t SET a 1', 'migrations/002_x.backfill.sql:2:16: syntax error at or near "1".'],
    [
      'CREATE INDEX i ON t (a)',
      'migrations/002_x.backfill.sql: the statement is not an UPDATE, a DELETE or an INSERT … SELECT, and cannot run as a backfill.',
    ],
    [
      'UPDATE t SET a = 1 RETURNING a',
      'migrations/002_x.backfill.sql: the statement has RETURNING, and cannot run as a backfill.',
    ],
  ])('%j', (text, message) => {
    expect(problem(text)).toMatchObject({ exitCode: 2, message });
  });
});
