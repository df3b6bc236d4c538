import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { checksum } from '../../src/migrate/checksum.ts';
import { testDatabase } from '../support/database.ts';
import { columns, run } from './support.ts';

const db = testDatabase();
let theirs = '';

async function asAdmin(work: (admin: Session) => Promise<unknown>): Promise<void> {
  const admin = await db.session(db.adminUrl);
  await work(admin);
  await admin.close();
}

beforeAll(() => {
  theirs = db.ownerRole.replace('owner', 'theirs');
  return asAdmin((admin) => admin.exec(`CREATE ROLE ${theirs}`));
});
afterAll(() => asAdmin((admin) => admin.exec(`DROP OWNED BY ${theirs} CASCADE; DROP ROLE ${theirs}`)));

/** `theirs.users` of another role, as the application may use it, and `ours` of the role that runs tiptoe. */
beforeEach(() =>
  asAdmin((admin) =>
    admin.exec(`
      DROP SCHEMA IF EXISTS theirs, "Other one" CASCADE; DROP TABLE IF EXISTS ours, ours_2;
      REVOKE ${theirs} FROM ${db.ownerRole};
      CREATE SCHEMA theirs AUTHORIZATION ${theirs};
      CREATE SCHEMA "Other one";
      GRANT USAGE ON SCHEMA theirs TO ${db.ownerRole};
      CREATE TABLE theirs.users (id int PRIMARY KEY, parent int);
      CREATE INDEX users_parent ON theirs.users (parent);
      CREATE TABLE theirs.events (at int) PARTITION BY RANGE (at);
      ALTER TABLE theirs.users OWNER TO ${theirs}; ALTER TABLE theirs.events OWNER TO ${theirs};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA theirs TO ${db.ownerRole};
      CREATE TABLE ours (id int PRIMARY KEY); ALTER TABLE ours OWNER TO ${db.ownerRole};
      CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`),
  ),
);

const belongs = /^theirs\.\w+ belongs to theirs_\w+, and the role owner_\w+ is no member of that role$/;

test.each([
  [
    'ALTER TABLE theirs.users ADD c int',
    belongs,
    /^Run tiptoe as theirs_\w+; or make owner_\w+ a member: GRANT theirs_\w+ TO owner_\w+;$/,
  ],
  ['ALTER TABLE theirs.users RENAME TO people', belongs, /GRANT/],
  ['ALTER TABLE theirs.users RENAME COLUMN parent TO p', belongs, /GRANT/],
  ['CREATE INDEX CONCURRENTLY ON theirs.users (id)', belongs, /GRANT/],
  ['DROP INDEX theirs.users_parent', belongs, /GRANT/],
  ['DROP TABLE IF EXISTS theirs.users', belongs, /GRANT/],
  ['SET search_path = theirs, public; ALTER TABLE users DROP parent', belongs, /GRANT/],
  ['ALTER TABLE ours RENAME TO ours_2; ALTER TABLE theirs.users DROP parent', belongs, /GRANT/],
  ['CREATE TABLE e PARTITION OF theirs.events FOR VALUES FROM (1) TO (2)', belongs, /GRANT/],
  [
    'ALTER TABLE ours ADD u int REFERENCES theirs.users',
    /^the role owner_\w+ may not refer to theirs\.users of theirs_\w+ by a foreign key$/,
    /^As theirs_\w+: GRANT REFERENCES ON theirs\.users TO owner_\w+;$/,
  ],
  ['CREATE TABLE r (u int, FOREIGN KEY (u) REFERENCES theirs.users (id))', /may not refer to/, /GRANT REFERENCES/],
  [
    'CREATE TRIGGER t BEFORE INSERT ON theirs.users FOR EACH ROW EXECUTE FUNCTION noted()',
    /may not make a trigger on theirs\.users/,
    /GRANT TRIGGER/,
  ],
  [
    'CREATE TABLE theirs.new_one (a int)',
    /^the role owner_\w+ may not create anything in the schema theirs of theirs_\w+$/,
    /^As theirs_\w+: GRANT CREATE ON SCHEMA theirs TO owner_\w+;$/,
  ],
  [
    `CREATE TYPE "Other one".mood AS ENUM ('good')`,
    /in the schema "Other one" of/,
    /GRANT CREATE ON SCHEMA "Other one"/,
  ],
  ['ALTER TABLE ours SET SCHEMA theirs', /in the schema theirs/, /GRANT CREATE/],
])('what the role may not do is found before anything is run: %s', async (sql, message, hint) => {
  const files = { '1_a.sql': 'CREATE TABLE never (a int)', '2_b.sql': `SELECT 1;\n\n${sql};` };
  const result = await run(db.ownerUrl, files, { schema: 'refused_own' });
  expect(result).toMatchObject({
    outcome: 'refused',
    exitCode: 2,
    reason: 'missing-privilege',
    failure: {
      path: '2_b.sql',
      line: 3,
      message: expect.stringMatching(message) as unknown,
      hint: expect.stringMatching(hint) as unknown,
    },
    files: [
      { path: '2_b.sql', outcome: 'refused' },
      { path: '1_a.sql', outcome: 'pending' },
    ],
  });
  expect(result.message).toMatch(
    /^2_b\.sql needs a right that the role owner_\w+ does not have; nothing was applied\.$/,
  );
  expect(await columns(await db.session(), 'never')).toEqual([]);
  // The server says the same.
  const session = await db.session();
  await expect(session.exec(sql.replace('CONCURRENTLY', ''))).rejects.toMatchObject({ sqlstate: '42501' });
});

test('how many more statements want a right is told, and those of an applied file are not asked about', async () => {
  const schema = 'more_own';
  await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema });
  const session = await db.session();
  const applied = 'ALTER TABLE theirs.users ADD a int';
  await session.query(`UPDATE ${schema}.migration SET checksum = $1`, [checksum(applied)]);
  const files = {
    '1_a.sql': applied,
    '2_b.sql': 'DROP TABLE theirs.users',
    '3_c.sql': 'ALTER TABLE theirs.events ADD c int; ALTER TABLE ours ADD c int; ALTER TABLE theirs.events ADD d int',
  };
  expect(await run(db.ownerUrl, files, { schema })).toMatchObject({
    reason: 'missing-privilege',
    message: expect.stringContaining('2_b.sql needs a right') as unknown,
    failure: { path: '2_b.sql' },
  });
  const refused = await run(db.ownerUrl, files, { schema });
  expect(refused.message).toContain('does not have, as do 2 statements more; nothing was applied.');
});

const grants = (role: string) => `GRANT ${role} TO ${db.ownerRole}`;

test.each<[string, readonly [string, ...string[]], (() => string)?]>([
  ['a member of the owner', ['ALTER TABLE theirs.users ADD c int'], () => grants(theirs)],
  ['the owner of the schema drops', ['DROP TABLE theirs.users'], () => `ALTER SCHEMA theirs OWNER TO ${db.ownerRole}`],
  [
    'one column may be referred to',
    ['ALTER TABLE ours ADD u int REFERENCES theirs.users (id)'],
    () => `GRANT REFERENCES (id) ON theirs.users TO ${db.ownerRole}`,
  ],
  ['made by an earlier file', ['CREATE TABLE own (a int)', 'ALTER TABLE own ADD b int; CREATE INDEX ON own (a)']],
  ['made and renamed', ['CREATE TABLE own (a int); ALTER TABLE own RENAME TO own_2', 'ALTER TABLE own_2 ADD b int']],
  [
    'a schema of the run',
    ['CREATE SCHEMA mine', 'CREATE TABLE mine.a (a int); CREATE VIEW mine.v AS SELECT a FROM mine.a'],
  ],
  [
    'a temporary table of that name',
    ['SET search_path = theirs, public; CREATE TEMP TABLE users (a int); ALTER TABLE users ADD b int'],
  ],
  ['a table that is not there', ['ALTER TABLE IF EXISTS theirs.nobody ADD c int; DROP TABLE IF EXISTS nobody']],
  [
    'ours under the name of theirs',
    ['SET search_path = public, theirs; ALTER TABLE ours RENAME TO users; ALTER TABLE users ADD c int'],
  ],
  ['the file takes the role on', ['SET ROLE their_role; ALTER TABLE theirs.users ADD c int'], () => grants(theirs)],
])('a run that may is not refused: %s', async (name, sql, grant) => {
  if (grant !== undefined) await asAdmin((admin) => admin.exec(grant()));
  const files = Object.fromEntries(
    sql.map((text, index) => [`${index + 1}_a.sql`, text.replace('their_role', theirs)]),
  );
  const result = await run(db.ownerUrl, files, { schema: `may_${name.replaceAll(' ', '_')}` });
  expect(result, result.failure?.message ?? '').toMatchObject({ outcome: 'done' });
  await asAdmin((admin) => admin.exec('DROP SCHEMA IF EXISTS mine CASCADE; DROP TABLE IF EXISTS own, own_2, users'));
});

test('a role that does not inherit takes the role on in the file, and a grant of an earlier file counts', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec(`ALTER ROLE ${db.ownerRole} NOINHERIT; GRANT ${theirs} TO ${db.ownerRole}`);
  try {
    const refused = await run(
      db.ownerUrl,
      { '1_a.sql': 'ALTER TABLE theirs.users ADD c int' },
      { schema: 'noinherit' },
    );
    const files = {
      '1_a.sql': `SET ROLE ${theirs}; ALTER TABLE theirs.users ADD c int; GRANT REFERENCES ON theirs.users TO ${db.ownerRole}`,
      '2_b.sql': 'ALTER TABLE ours ADD u int REFERENCES theirs.users',
    };
    const passed = await run(db.ownerUrl, files, { schema: 'noinherit' });
    expect([refused.reason, passed.outcome]).toEqual(['missing-privilege', 'done']);
  } finally {
    await admin.exec(`ALTER ROLE ${db.ownerRole} INHERIT`);
  }
});

test('a superuser may do it all, and what cannot be foretold the server tells', async () => {
  const text = 'ALTER TABLE theirs.users ADD c int';
  expect(await run(db.adminUrl, { '1_a.sql': text }, { schema: 'super_own' })).toMatchObject({ outcome: 'done' });
  const hidden = { '1_a.sql': `SET ROLE NONE; ALTER TABLE theirs.users ADD d int` };
  expect(await run(db.ownerUrl, hidden, { schema: 'hidden_own' })).toMatchObject({
    outcome: 'failed',
    exitCode: 2,
    reason: 'missing-privilege',
    failure: { message: 'must be owner of table users' },
  });
});
