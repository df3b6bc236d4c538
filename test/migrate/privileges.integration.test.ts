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
      DROP SCHEMA IF EXISTS theirs, hidden, "Other one" CASCADE; DROP TABLE IF EXISTS ours, ours_2, our_events, never;
      DROP SCHEMA IF EXISTS mine CASCADE; DROP TABLE IF EXISTS own, own_2, users;
      REVOKE ${theirs} FROM ${db.ownerRole};
      CREATE SCHEMA theirs AUTHORIZATION ${theirs};
      CREATE SCHEMA "Other one";
      GRANT USAGE ON SCHEMA theirs TO ${db.ownerRole};
      CREATE TABLE theirs.users (id int PRIMARY KEY, parent int);
      CREATE INDEX users_parent ON theirs.users (parent);
      CREATE TABLE theirs.events (at int) PARTITION BY RANGE (at);
      ALTER TABLE theirs.users OWNER TO ${theirs}; ALTER TABLE theirs.events OWNER TO ${theirs};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA theirs TO ${db.ownerRole};
      CREATE TABLE theirs.log (a int); ALTER TABLE theirs.log OWNER TO ${theirs};
      CREATE MATERIALIZED VIEW theirs.sums AS SELECT 1 AS a; ALTER MATERIALIZED VIEW theirs.sums OWNER TO ${theirs};
      CREATE POLICY all_of_them ON theirs.users; CREATE TYPE theirs.mood AS ENUM ('good'); ALTER TYPE theirs.mood OWNER TO ${theirs};
      CREATE FUNCTION theirs.secret(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION theirs.note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE PROCEDURE theirs.work(a int) LANGUAGE sql AS 'SELECT 1';
      REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA theirs FROM PUBLIC;
      ALTER FUNCTION theirs.secret OWNER TO ${theirs}; ALTER PROCEDURE theirs.work OWNER TO ${theirs};
      CREATE SCHEMA hidden AUTHORIZATION ${theirs}; CREATE TABLE hidden.t (a int);
      CREATE TABLE ours (id int PRIMARY KEY); ALTER TABLE ours OWNER TO ${db.ownerRole};
      CREATE TABLE our_events (at int) PARTITION BY RANGE (at); ALTER TABLE our_events OWNER TO ${db.ownerRole};
      CREATE TABLE theirs.events_of_1 PARTITION OF our_events FOR VALUES FROM (1) TO (2) PARTITION BY RANGE (at);
      ALTER TABLE theirs.events_of_1 OWNER TO ${db.ownerRole};
      CREATE TABLE theirs.events_1 PARTITION OF theirs.events_of_1 FOR VALUES FROM (1) TO (2); ALTER TABLE theirs.events_1 OWNER TO ${theirs};
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
  ['ALTER TABLE our_events ADD c int', /^theirs\.events_1 belongs to/, /GRANT/],
  ['ALTER TABLE our_events ALTER at SET NOT NULL', /^theirs\.events_1 belongs to/, /GRANT/],
  ['ALTER TABLE our_events ALTER at SET DEFAULT 1', /^theirs\.events_1 belongs to/, /GRANT/],
  ['ALTER TABLE our_events ALTER at SET STATISTICS 10', /^theirs\.events_1 belongs to/, /GRANT/],
  ['ALTER TABLE our_events ADD CHECK (at > 0)', /^theirs\.events_1 belongs to/, /GRANT/],
  ['ALTER TABLE our_events RENAME COLUMN at TO at_2', /^theirs\.events_1 belongs to/, /GRANT/],
  ['CREATE POLICY p ON theirs.users USING (true)', belongs, /GRANT/],
  ['ALTER POLICY all_of_them ON theirs.users USING (false)', belongs, /GRANT/],
  ['DROP POLICY all_of_them ON theirs.users', belongs, /GRANT/],
  ['ALTER TABLE theirs.users ENABLE ROW LEVEL SECURITY', belongs, /GRANT/],
  [`COMMENT ON COLUMN theirs.users.id IS 'x'`, belongs, /GRANT/],
  ['CREATE STATISTICS s ON id, parent FROM theirs.users', belongs, /GRANT/],
  [`ALTER TYPE theirs.mood ADD VALUE 'bad'`, belongs, /GRANT/],
  ['REFRESH MATERIALIZED VIEW theirs.sums', belongs, /GRANT/],
  ['REINDEX TABLE theirs.users', belongs, /GRANT/],
  ['DROP SCHEMA theirs', /^theirs belongs to theirs_\w+/, /GRANT/],
  ['CREATE PUBLICATION p FOR TABLE theirs.users', belongs, /GRANT/],
  ['TRUNCATE theirs.users', /may not empty theirs\.users of theirs_\w+$/, /GRANT TRUNCATE ON theirs\.users/],
  ['INSERT INTO theirs.log SELECT 1', /may not insert into theirs\.log/, /GRANT INSERT ON theirs\.log/],
  ['DELETE FROM theirs.log', /may not delete from theirs\.log/, /GRANT DELETE/],
  ['UPDATE theirs.log SET a = 1', /may not update theirs\.log/, /GRANT UPDATE/],
  ['CREATE TABLE copied AS SELECT FROM theirs.log', /may not read theirs\.log/, /GRANT SELECT ON theirs\.log/],
  [
    'SELECT theirs.secret(1)',
    /^the role owner_\w+ may not call theirs\.secret\(a integer, b integer\) of theirs_\w+$/,
    /^As theirs_\w+: GRANT EXECUTE ON ROUTINE theirs\.secret\(a integer, b integer\) TO owner_\w+;$/,
  ],
  ['CALL theirs.work(1)', /may not call theirs\.work/, /GRANT EXECUTE/],
  [
    'CREATE TRIGGER t BEFORE INSERT ON ours FOR EACH ROW EXECUTE FUNCTION theirs.note_it()',
    /may not call theirs\.note_it\(\)/,
    /GRANT EXECUTE/,
  ],
  [
    'SELECT count(*) FROM hidden.t',
    /^the role owner_\w+ may not use the schema hidden of theirs_\w+$/,
    /GRANT USAGE ON SCHEMA hidden/,
  ],
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

test.each([
  ['CREATE SCHEMA mine', 'a schema'],
  ['CREATE SCHEMA IF NOT EXISTS theirs', 'a schema'],
  ['CREATE EXTENSION IF NOT EXISTS pgcrypto', 'the extension pgcrypto'],
  ['CREATE PUBLICATION everything', 'a publication'],
])('without CREATE in the database: %s', async (sql, what) => {
  const schema = 'database_own';
  await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema });
  const admin = await db.session(db.adminUrl);
  await admin.exec(`ALTER DATABASE ${db.name} OWNER TO ${theirs}; REVOKE CREATE ON DATABASE ${db.name} FROM PUBLIC`);
  try {
    const files = { '1_a.sql': 'SELECT 1', '2_b.sql': 'CREATE TABLE never (a int)', '3_c.sql': `${sql};` };
    const result = await run(db.ownerUrl, files, { schema });
    expect(result).toMatchObject({
      outcome: 'refused',
      exitCode: 2,
      reason: 'missing-privilege',
      failure: {
        path: '3_c.sql',
        message: `the role ${db.ownerRole} may not create ${what} in the database ${db.name} of ${theirs}`,
        hint: `As ${theirs}: GRANT CREATE ON DATABASE ${db.name} TO ${db.ownerRole};`,
      },
    });
    expect(await columns(admin, 'never')).toEqual([]);
    const session = await db.session();
    await expect(session.exec(sql)).rejects.toMatchObject({ sqlstate: '42501' });
  } finally {
    await admin.exec(`ALTER DATABASE ${db.name} OWNER TO ${db.ownerRole}`);
  }
});

test('what there is already, and what only a superuser may, is for the server to judge', async () => {
  const admin = await db.session(db.adminUrl);
  const schema = 'judged_own';
  await run(db.ownerUrl, { '1_a.sql': 'SELECT 1' }, { schema });
  await admin.exec(`CREATE EXTENSION IF NOT EXISTS pgcrypto; ALTER DATABASE ${db.name} OWNER TO ${theirs}`);
  try {
    const files = { '1_a.sql': 'SELECT 1', '2_b.sql': 'CREATE EXTENSION IF NOT EXISTS pgcrypto' };
    expect(await run(db.ownerUrl, files, { schema })).toMatchObject({ outcome: 'done' });
    const untrusted = { ...files, '3_c.sql': 'CREATE EXTENSION pageinspect' };
    expect(await run(db.ownerUrl, untrusted, { schema })).toMatchObject({
      outcome: 'failed',
      reason: 'missing-privilege',
      failure: { sqlstate: '42501' },
    });
  } finally {
    await admin.exec(`ALTER DATABASE ${db.name} OWNER TO ${db.ownerRole}; DROP EXTENSION pgcrypto`);
  }
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
  [
    'a partition that is detached before',
    ['ALTER TABLE our_events DETACH PARTITION theirs.events_of_1; ALTER TABLE our_events ADD c int'],
  ],
  ['the parent alone', ['ALTER TABLE ONLY our_events ALTER at SET DEFAULT 1; CREATE INDEX ON ONLY our_events (at)']],
  [
    'a function of the run',
    [
      "CREATE FUNCTION secret(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
      'SET search_path = public, theirs; SELECT secret(1)',
    ],
  ],
  [
    'one of two functions',
    ['SELECT theirs.secret(1)'],
    () => `GRANT EXECUTE ON FUNCTION theirs.secret TO ${db.ownerRole}`,
  ],
  [
    'another number of arguments',
    [
      "SET search_path = theirs, public; CREATE FUNCTION public.secret() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT secret()",
    ],
  ],
  [
    'a policy that is not there',
    ['DROP POLICY IF EXISTS nobody ON theirs.users; DROP TRIGGER IF EXISTS nobody ON theirs.users'],
  ],
  [
    'a column is enough',
    ['SELECT a FROM theirs.log; UPDATE theirs.users SET parent = 1'],
    () => `GRANT SELECT (a) ON theirs.log TO ${db.ownerRole}`,
  ],
  [
    'names of the system',
    [
      `SELECT count(*), pg_catalog.pg_typeof(1), now() FROM information_schema.tables, pg_class; SELECT generate_series(1, 2), concat('a', 'b', 'c')`,
    ],
  ],
  ['a type of the run', [`CREATE TYPE mood AS ENUM ('good')`, `ALTER TYPE mood ADD VALUE 'bad'; DROP TYPE mood`]],
  ['the file takes the role on', ['SET ROLE their_role; ALTER TABLE theirs.users ADD c int'], () => grants(theirs)],
])('a run that may is not refused: %s', async (name, sql, grant) => {
  if (grant !== undefined) await asAdmin((admin) => admin.exec(grant()));
  const files = Object.fromEntries(
    sql.map((text, index) => [`${index + 1}_a.sql`, text.replace('their_role', theirs)]),
  );
  const result = await run(db.ownerUrl, files, { schema: `may_${name.replaceAll(' ', '_')}` });
  expect(result, result.failure?.message ?? '').toMatchObject({ outcome: 'done' });
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
