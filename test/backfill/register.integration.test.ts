import { expect, test } from 'vitest';
import { backfillState, registerBackfill } from '../../src/backfill/register.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf } from './support.ts';

const db = testDatabase();

test('it is pending until it is run by its name, and its state can be asked for', async () => {
  const session = await db.session();
  expect(await backfillState(session, 'tiptoe', 'first')).toBeNull();
  await session.exec(
    'CREATE TABLE first (id int PRIMARY KEY, done bool); INSERT INTO first SELECT generate_series(1, 10)',
  );
  const spec = await specOf(
    'first',
    '-- tiptoe:backfill\n-- rate: 500\nUPDATE first SET done = true WHERE done IS NULL',
  );
  expect(await registerBackfill(session, 'tiptoe', spec)).toEqual({ state: 'pending', hasWork: true });
  expect(await backfillState(session, 'tiptoe', 'first')).toBe('pending');
  // Not started yet, so it may still be rewritten.
  const better = await specOf('first', 'UPDATE first SET done = id > 0 WHERE done IS NULL');
  expect(await registerBackfill(session, 'tiptoe', better)).toEqual({ state: 'pending', hasWork: true });
  expect(await run(db.ownerUrl, { name: 'first' })).toMatchObject({ outcome: 'succeeded', rowsDone: 10 });
  expect(await registerBackfill(session, 'tiptoe', better)).toEqual({ state: 'succeeded', hasWork: false });
});

test.each([
  ['no_rows', 'DELETE FROM no_rows'],
  ['no_match', 'UPDATE no_match SET n = 1 WHERE n = 5'],
  ['no_source', 'INSERT INTO no_match SELECT id, 1 FROM no_source'],
])('without a row to work on it has succeeded at once: %s', async (name, sql) => {
  const session = await db.session();
  await session.exec(`CREATE TABLE ${name} (id int PRIMARY KEY, n int)`);
  if (name === 'no_match') await session.exec('INSERT INTO no_match VALUES (1, 1)');
  expect(await registerBackfill(session, 'tiptoe', await specOf(name, sql))).toEqual({
    state: 'succeeded',
    hasWork: false,
  });
  expect(await backfillState(session, 'tiptoe', name)).toBe('succeeded');
});

test('what could not run is not registered', async () => {
  const session = await db.session();
  await expect(registerBackfill(session, 'tiptoe', await specOf('bad', 'DELETE FROM nobody'))).rejects.toMatchObject({
    exitCode: 2,
  });
  expect(await backfillState(session, 'tiptoe', 'bad')).toBeNull();
});
