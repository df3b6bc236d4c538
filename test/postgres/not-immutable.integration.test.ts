import { expect, test } from 'vitest';
import { NOT_IMMUTABLE } from '../../src/postgres/not-immutable.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

test('the server knows them, and none of their forms is immutable', async () => {
  const session = await database.session();
  const rows = await session.query<{ name: string; immutable: boolean }>(
    "SELECT proname::text AS name, bool_or(provolatile = 'i') AS immutable FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY($1) GROUP BY proname",
    [[...NOT_IMMUTABLE]],
  );
  expect(rows.filter(({ immutable }) => immutable)).toEqual([]);
  expect(rows.map(({ name }) => name).toSorted()).toEqual([...NOT_IMMUTABLE].toSorted());
});
