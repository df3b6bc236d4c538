import { expect, test } from 'vitest';
import { isNeverImmutable, NOT_VOLATILE, STABLE, VOLATILE } from '../../src/postgres/functions.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

test('each function that the server has is as volatile there as here', async () => {
  const session = await database.session();
  const rows = await session.query<{ name: string; volatile: boolean }>(
    `SELECT proname AS name, bool_or(provolatile = 'v') AS volatile FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1) GROUP BY 1`,
    [[...VOLATILE, ...NOT_VOLATILE]],
  );
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.filter(({ name, volatile }) => VOLATILE.has(name) !== volatile)).toEqual([]);
});

test('no volatile function that a default may call is missing', async () => {
  const session = await database.session();
  // Functions that return a scalar and need no argument: what people write behind DEFAULT.
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT proname AS name FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND provolatile = 'v' AND pronargs = 0 AND NOT proretset
        AND prorettype IN ('uuid'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'int8'::regtype, 'int4'::regtype, 'float8'::regtype)
        AND proname !~ '^(pg_|lo_)'`,
  );
  expect(rows.map(({ name }) => name).filter((name) => !VOLATILE.has(name))).toEqual([]);
});

test('what is refused in an index has no immutable form', async () => {
  const session = await database.session();
  const rows = await session.query<{ name: string; immutable: boolean }>(
    `SELECT proname AS name, bool_or(provolatile = 'i') AS immutable FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1) GROUP BY 1`,
    [[...STABLE, ...VOLATILE].filter(isNeverImmutable)],
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter(({ immutable }) => immutable)).toEqual([]);
});
