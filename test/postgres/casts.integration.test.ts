import { beforeEach, expect, test } from 'vitest';
import { canReference, CAST_TYPES, castContext } from '../../src/postgres/casts.ts';
import type { TypeName } from '../../src/sql/action.ts';
import type { Session } from '../../src/db/session.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

let session: Session;

beforeEach(async () => {
  session = await database.session();
});

const PAIRS = CAST_TYPES.flatMap((from) => CAST_TYPES.map((to) => [from, to] as const));

const named = (name: string): TypeName => ({ schema: null, name, modifiers: [], array: false });

test('ALTER COLUMN … TYPE without USING works where there is a cast on assignment', async () => {
  await session.exec('CREATE TABLE t ()');
  const wrong: string[] = [];
  for (const [from, to] of PAIRS) {
    await session.exec(`ALTER TABLE t ADD COLUMN c ${from}`);
    const works = await succeeds(`ALTER TABLE t ALTER COLUMN c TYPE ${to}`);
    await session.exec('ALTER TABLE t DROP COLUMN c');
    if (works !== (castContext(named(from), named(to)) !== 'none')) wrong.push(`${from}>${to}: ${works}`);
  }
  expect(wrong).toEqual([]);
});

test('a foreign key may refer to what its type can be compared with', async () => {
  const wrong: string[] = [];
  // These have no order, and so no unique index.
  for (const [from, to] of PAIRS.filter(([, to]) => to !== 'json')) {
    await session.exec(`CREATE TABLE p (c ${to} PRIMARY KEY)`);
    const works = await succeeds(`CREATE TABLE f (c ${from} REFERENCES p)`);
    await session.exec('DROP TABLE IF EXISTS f; DROP TABLE p');
    if (works !== canReference(named(from), named(to))) wrong.push(`${from}>${to}: ${works}`);
  }
  expect(wrong).toEqual([]);
});

async function succeeds(sql: string): Promise<boolean> {
  try {
    await session.exec(sql);
    return true;
  } catch {
    return false;
  }
}
