import { expect, test } from 'vitest';
import { ensureOwnSchema, type OwnTables } from '../../src/db/own-schema.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

const tables = (schema: string, ...more: string[]): OwnTables => ({
  schema,
  component: 'migrate',
  steps: [`CREATE TABLE ${schema}.book (id int); COMMENT ON TABLE ${schema}.book IS 'Books.'`, ...more],
});

test('it makes the schema and runs each step once', async () => {
  const session = await db.session();
  await ensureOwnSchema(session, tables('own_steps'));
  await ensureOwnSchema(session, tables('own_steps'));
  await ensureOwnSchema(session, tables('own_steps', 'ALTER TABLE own_steps.book ADD title text'));
  expect(await session.query('SELECT * FROM own_steps.version')).toEqual([{ component: 'migrate', version: 2 }]);
  expect(await session.query('SELECT id, title FROM own_steps.book')).toEqual([]);
});

test('several processes may do it at once', async () => {
  const sessions = await Promise.all(Array.from({ length: 6 }, () => db.session()));
  await Promise.all(sessions.map((session) => ensureOwnSchema(session, tables('own_race'))));
  expect(await sessions[0]?.query('SELECT version FROM own_race.version')).toEqual([{ version: 1 }]);
});

test('a failed step leaves the version before it', async () => {
  const session = await db.session();
  await expect(ensureOwnSchema(session, tables('own_failed', 'SELECT 1/0'))).rejects.toThrow('division by zero');
  expect(await session.query('SELECT version FROM own_failed.version')).toEqual([{ version: 1 }]);
});

test('tables of a newer tiptoe are left alone', async () => {
  const session = await db.session();
  await ensureOwnSchema(session, tables('own_newer', 'SELECT 1'));
  await expect(ensureOwnSchema(session, tables('own_newer'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('written by a newer tiptoe') as unknown,
  });
});

test('without the privilege to create a schema it says which GRANT is missing', async () => {
  const session = await db.session(db.trafficUrl);
  await expect(ensureOwnSchema(session, tables('own_denied'))).rejects.toMatchObject({
    exitCode: 2,
    message: `Role ${db.trafficRole} may not create the schema own_denied, where tiptoe keeps its books, in database ${db.name}.`,
    advice: expect.stringContaining(`GRANT CREATE ON DATABASE ${db.name} TO ${db.trafficRole};`) as unknown,
  });
});

test('a schema of someone else is not usable, and it says so', async () => {
  await ensureOwnSchema(await db.session(db.adminUrl), tables('own_foreign'));
  await expect(ensureOwnSchema(await db.session(db.trafficUrl), tables('own_foreign'))).rejects.toMatchObject({
    exitCode: 2,
    advice: expect.stringContaining(`GRANT USAGE, CREATE ON SCHEMA own_foreign TO ${db.trafficRole};`) as unknown,
  });
});

test('when all is there, no privilege to create is needed and nobody is made to wait', async () => {
  const admin = await db.session(db.adminUrl);
  await ensureOwnSchema(admin, tables('own_ready'));
  await admin.exec(`GRANT USAGE ON SCHEMA own_ready TO ${db.trafficRole};
    GRANT SELECT ON ALL TABLES IN SCHEMA own_ready TO ${db.trafficRole}`);
  await admin.exec('BEGIN; LOCK TABLE own_ready.version IN EXCLUSIVE MODE');
  const session = await db.session(db.trafficUrl, { settings: { lock_timeout: '1ms' } });
  await expect(ensureOwnSchema(session, tables('own_ready'))).resolves.toBeUndefined();
});
