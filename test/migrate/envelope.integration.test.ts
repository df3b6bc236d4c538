import { afterEach, expect, inject, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/safety/limits.ts';
import { testDatabase } from '../support/database.ts';
import { columns, run } from './support.ts';

const db = testDatabase();
const limits = { ...DEFAULT_LIMITS, capMs: 400 };
/** Holds the table's lock for longer than the cap. */
const HELD = 'ALTER TABLE kept ADD c int; SELECT pg_sleep(60)';

afterEach(async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec(`ALTER ROLE ${db.ownerRole} RESET ALL; ALTER DATABASE ${db.name} RESET ALL`);
});

let round = 0;
async function table() {
  const session = await db.session();
  await session.exec('DROP TABLE IF EXISTS kept');
  await session.exec('CREATE TABLE kept (id int)');
  return { session, schema: `envelope_${(round += 1)}` };
}

const LOOSER = `SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0`;

test.each([
  ['SET', `${LOOSER}; ${HELD}`],
  ['SET LOCAL', `${LOOSER.replaceAll('SET ', 'SET LOCAL ')}; ${HELD}`],
  ['SET under the lock', `ALTER TABLE kept ADD c int; ${LOOSER}; SELECT pg_sleep(60)`],
  ['RESET', `RESET statement_timeout; RESET lock_timeout; ${HELD}`],
  ['RESET ALL under the lock', `ALTER TABLE kept ADD c int; RESET ALL; SELECT pg_sleep(60)`],
  ['set_config', `SELECT set_config('statement_timeout', '0', false); ${HELD}`],
  [
    'a DO block',
    `DO $$ BEGIN PERFORM set_config('statement_timeout', '0', false); ALTER TABLE kept ADD c int; PERFORM pg_sleep(60); END $$`,
  ],
  [
    'a DO block by EXECUTE',
    `DO $$ BEGIN EXECUTE 'SET LOCAL statement_timeout = 0'; EXECUTE 'ALTER TABLE kept ADD c int'; PERFORM pg_sleep(60); END $$`,
  ],
  [
    'a function with settings of its own',
    `CREATE OR REPLACE FUNCTION long() RETURNS void LANGUAGE plpgsql SET statement_timeout = 0
       AS 'BEGIN ALTER TABLE kept ADD c int; PERFORM pg_sleep(60); END'; SELECT long()`,
  ],
  ['DISCARD ALL', `DISCARD ALL; BEGIN; ${HELD}; COMMIT`],
  ['COMMIT', `BEGIN; SET statement_timeout = 0; COMMIT; BEGIN; ${HELD}; COMMIT`],
  [
    'no transaction',
    `-- tiptoe:transaction none\n${LOOSER};\nDO $$ BEGIN ALTER TABLE kept ADD c int; PERFORM pg_sleep(60); END $$`,
  ],
  [
    'a procedure that commits',
    `CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN
       PERFORM set_config('statement_timeout', '0', false); COMMIT; ALTER TABLE kept ADD c int; PERFORM pg_sleep(60); END $$;
     -- tiptoe:transaction none
     CALL commits()`,
  ],
])('%s does not get past the cap', async (_, sql) => {
  const { session, schema } = await table();
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema, limits })).toMatchObject({ reason: 'cap', exitCode: 1 });
  expect(await columns(session, 'kept')).toEqual(['id']);
});

test.each([
  ['SET ROLE', (role: string) => `SET ROLE ${role}`],
  ['SET SESSION AUTHORIZATION', (role: string) => `SET SESSION AUTHORIZATION ${role}`],
])('%s does not get past the cap, nor the ledger', async (_, become) => {
  const { session, schema } = await table();
  const admin = await db.session(db.adminUrl);
  await admin.exec(`ALTER TABLE kept OWNER TO ${db.trafficRole}`);
  const sql = `${become(db.trafficRole)}; ${LOOSER}; ${HELD}`;
  expect(await run(db.adminUrl, { '1_a.sql': sql }, { schema, limits })).toMatchObject({ reason: 'cap' });
  expect(await run(db.adminUrl, { '1_a.sql': sql.replace('(60)', '(0)') }, { schema })).toMatchObject({
    outcome: 'done',
  });
  expect(await columns(session, 'kept')).toEqual(['id', 'c']);
  await admin.exec('DROP TABLE kept');
});

const OF_ROLE: readonly [string, string][] = [
  ['statement_timeout', '1h'],
  ['lock_timeout', '1h'],
  ['idle_in_transaction_session_timeout', '0'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_deferrable', 'on'],
  ['search_path', 'pg_temp, nowhere'],
  ['client_min_messages', 'error'],
  ['standard_conforming_strings', 'off'],
  ['quote_all_identifiers', 'on'],
  ['DateStyle', 'SQL, DMY'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['row_security', 'off'],
];

test.each(['ROLE', 'DATABASE'])('settings of the %s neither get past the cap nor in the way', async (whose) => {
  const { session, schema } = await table();
  const admin = await db.session(db.adminUrl);
  const target = whose === 'ROLE' ? db.ownerRole : db.name;
  const settings = [
    ...OF_ROLE,
    ...(inject('serverVersion') >= 14 ? ([['idle_session_timeout', '1500ms']] as const) : []),
    ...(inject('serverVersion') >= 17 ? ([['transaction_timeout', '1500ms']] as const) : []),
  ];
  for (const [name, value] of settings) {
    const text = name === 'search_path' ? value : `'${value}'`;
    await admin.exec(`ALTER ${whose} ${target} SET ${name} = ${text}`);
  }
  const sql = HELD.replace('kept', 'public.kept');
  expect(await run(db.ownerUrl, { '1_a.sql': sql }, { schema, limits })).toMatchObject({ reason: 'cap' });

  await session.exec('BEGIN; LOCK TABLE public.kept IN ACCESS SHARE MODE');
  const files = {
    '1_a.sql': 'ALTER TABLE public.kept ADD d int',
    '2_b.sql': 'CREATE INDEX CONCURRENTLY kept_id ON public.kept (id)',
    '3_c.sql': 'SELECT pg_sleep(2)',
  };
  let waits = 0;
  const result = await run(db.ownerUrl, files, {
    schema,
    onEvent({ event }) {
      if (event !== 'waiting-for-lock') return;
      waits += 1;
      // Longer than the sessions may be idle.
      if (waits === 10) void session.exec('COMMIT');
    },
  });
  expect(result).toMatchObject({ outcome: 'done' });
  expect(await columns(session, 'public.kept')).toEqual(['id', 'd']);
});
