import { expect, test } from 'vitest';
import { type Config, DEFAULT_CONFIG } from '../../src/cli/config.ts';
import { lintGate } from '../../src/cli/lint-gate.ts';
import type { ApplyOptions } from '../../src/migrate/apply.ts';
import { readExceptions } from '../../src/migrate/exceptions.ts';
import { testDatabase } from '../support/database.ts';
import { columns, ledger, run } from './support.ts';

const db = testDatabase();

/** Applies behind the gate, by default with the rules' own severities. */
const gated = (
  schema: string,
  files: Readonly<Record<string, string>>,
  { config = {}, allow = [], ...options }: Partial<ApplyOptions> & { config?: Partial<Config>; allow?: string[] } = {},
) => run(db.ownerUrl, files, { schema, gate: lintGate({ ...DEFAULT_CONFIG, ...config }, allow), ...options });

const REFUSED = { outcome: 'refused', exitCode: 1, reason: 'lint-gate' };
const DONE = { outcome: 'done', exitCode: 0, findings: [] };

test('a big table is not held up: all refused files are told at once, and nothing is run', async () => {
  const session = await db.session();
  await session.exec(
    `CREATE TABLE shop (id int, total int); INSERT INTO shop SELECT g, g FROM generate_series(1, 1001) g`,
  );
  const result = await gated('gate_big', {
    '001_note.sql': 'ALTER TABLE shop ADD note text;',
    '002_index.sql': '-- slow\nCREATE INDEX shop_total ON shop (total);',
    '003_not_null.sql': 'ALTER TABLE shop ALTER total SET NOT NULL;',
  });
  expect(result).toMatchObject({
    ...REFUSED,
    files: [
      { path: '002_index.sql', outcome: 'refused' },
      { path: '003_not_null.sql', outcome: 'refused' },
      { path: '001_note.sql', outcome: 'pending' },
    ],
    findings: [
      {
        path: '002_index.sql',
        rule: 'create-index-blocking',
        category: 'blocking',
        severity: 'error',
        line: 2,
        column: 1,
        sourceLine: 'CREATE INDEX shop_total ON shop (total);',
        statement: 0,
        relation: 'public.shop',
        big: [{ relation: 'public.shop', onServer: 'public.shop', unreadable: null }],
      },
      { path: '003_not_null.sql', rule: 'set-not-null-scan' },
    ],
  });
  expect(result.message).toBe(
    '002_index.sql and 1 more are refused: the traffic of tables with more than 1,000 rows would be held up; nothing was applied.',
  );
  expect(result.advice).toContain(`--allow 'create-index-blocking: …' --allow 'set-not-null-scan: …'`);
  expect(await columns(session, 'shop')).toEqual(['id', 'total']);
  expect(await ledger(session, 'gate_big')).toEqual([]);
});

test('up to gate.minRows rows pass, one more does not', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE few AS SELECT g AS id FROM generate_series(1, 1000) g');
  const files = { '001_index.sql': 'CREATE INDEX few_id ON few (id);' };
  expect(await gated('gate_few', files, { config: { gateMinRows: 999 } })).toMatchObject(REFUSED);
  expect(await gated('gate_few', files)).toMatchObject(DONE);
});

test('an empty database replays a history with blocking findings, whatever it loads on the way', async () => {
  const files = {
    '001_orders.sql':
      'CREATE TABLE replay (id int, total int); INSERT INTO replay SELECT g, g FROM generate_series(1, 5000) g;',
    '002_index.sql': 'CREATE INDEX replay_total ON replay (total);',
    '003_type.sql': 'ALTER TABLE replay ALTER id TYPE bigint;',
    '004_rename.sql': 'ALTER TABLE replay RENAME TO replayed; CREATE INDEX ON replayed (id);',
  };
  expect(await gated('gate_replay', files)).toMatchObject(DONE);
  const more = { ...files, '005_index.sql': 'CREATE INDEX ON replayed (total, id);' };
  expect(await gated('gate_replay', more)).toMatchObject({ ...REFUSED, findings: [{ path: '005_index.sql' }] });
});

test('a table is known by the name that it had before the run', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE old_name AS SELECT g AS id FROM generate_series(1, 2000) g; CREATE SCHEMA archive');
  const result = await gated('gate_renamed', {
    '001_rename.sql': 'ALTER TABLE old_name RENAME TO new_name;',
    '002_move.sql': 'ALTER TABLE new_name SET SCHEMA archive;',
    '003_schema.sql': 'ALTER SCHEMA archive RENAME TO attic;',
    '004_index.sql': 'CREATE INDEX ON attic.new_name (id);',
  });
  expect(result).toMatchObject({
    ...REFUSED,
    findings: [{ path: '004_index.sql', big: [{ relation: 'attic.new_name', onServer: 'public.old_name' }] }],
  });
});

test('a table that the run makes anew is none of before, however big the dropped one was', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE remade AS SELECT g AS id FROM generate_series(1, 2000) g');
  const files = {
    '001_drop.sql': 'DROP TABLE remade;',
    '002_make.sql': 'CREATE TABLE remade (id int);',
    '003_index.sql': 'CREATE INDEX ON remade (id);',
  };
  expect(await gated('gate_remade', files)).toMatchObject(DONE);
});

test('IF NOT EXISTS does not make a table that is there already', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE kept AS SELECT g AS id FROM generate_series(1, 2000) g');
  const result = await gated('gate_kept', {
    '001_make.sql': 'CREATE TABLE IF NOT EXISTS kept (id int);',
    '002_index.sql': 'CREATE INDEX ON kept (id);',
  });
  expect(result).toMatchObject({ ...REFUSED, findings: [{ path: '002_index.sql' }] });
});

test('what code drops or renames may also stay', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE perhaps AS SELECT g AS id FROM generate_series(1, 2000) g');
  const result = await gated('gate_perhaps', {
    '001_do.sql': 'DO $$ BEGIN IF now() IS NULL THEN ALTER TABLE perhaps RENAME TO gone; END IF; END $$;',
    '002_index.sql': 'CREATE INDEX ON perhaps (id);',
    '003_index.sql': 'CREATE INDEX ON gone (id);',
  });
  expect(result).toMatchObject({ ...REFUSED, findings: [{ path: '002_index.sql' }, { path: '003_index.sql' }] });
});

test('the rows of partitions and of inheriting tables count', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE parted (id int) PARTITION BY RANGE (id);
    CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (0) TO (600);
    CREATE TABLE parted_b PARTITION OF parted FOR VALUES FROM (600) TO (1200) PARTITION BY RANGE (id);
    CREATE TABLE parted_b1 PARTITION OF parted_b FOR VALUES FROM (600) TO (1200);
    INSERT INTO parted SELECT generate_series(0, 1100);
    CREATE TABLE family (id int); CREATE TABLE child () INHERITS (family);
    INSERT INTO child SELECT generate_series(1, 1200);`);
  const result = await gated('gate_parted', {
    '001_parted.sql': 'CREATE INDEX ON parted (id);',
    '002_family.sql': 'ALTER TABLE family ALTER id TYPE bigint;',
  });
  expect(result).toMatchObject({ ...REFUSED, findings: [{ path: '001_parted.sql' }, { path: '002_family.sql' }] });
  await session.exec('DELETE FROM parted WHERE id < 500');
  expect(await gated('gate_parted', { '001_parted.sql': 'CREATE INDEX ON parted (id);' })).toMatchObject(DONE);
});

test('what the server believes of a table does not decide: it may be old, or missing', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE grown AS SELECT g AS id FROM generate_series(1, 10) g; ANALYZE grown;
    INSERT INTO grown SELECT generate_series(1, 5000);
    CREATE TABLE shrunk AS SELECT g AS id FROM generate_series(1, 5000) g; ANALYZE shrunk; DELETE FROM shrunk WHERE id > 9;
    CREATE TABLE loaded AS SELECT g AS id FROM generate_series(1, 5000) g`);
  const index = (table: string) => ({ '001_index.sql': `CREATE INDEX ON ${table} (id);` });
  expect(await gated('gate_grown', index('grown'))).toMatchObject(REFUSED);
  expect(await gated('gate_loaded', index('loaded'))).toMatchObject(REFUSED);
  expect(await gated('gate_shrunk', index('shrunk'))).toMatchObject(DONE);
});

test('what cannot be read counts as big, and the result says so', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec(`
    CREATE TABLE closed AS SELECT g AS id FROM generate_series(1, 1500) g;
    ALTER TABLE closed OWNER TO ${db.ownerRole}; REVOKE SELECT ON closed FROM ${db.ownerRole}`);
  const result = await gated('gate_closed', { '001_index.sql': 'CREATE INDEX ON closed (id);' });
  expect(result).toMatchObject({
    ...REFUSED,
    findings: [{ big: [{ relation: 'public.closed', rows: null, unreadable: 'permission denied for table closed' }] }],
  });
  await admin.exec(`
    CREATE TABLE policed AS SELECT g AS id FROM generate_series(1, 1500) g;
    ALTER TABLE policed OWNER TO ${db.ownerRole}; ALTER TABLE policed FORCE ROW LEVEL SECURITY;
    ALTER TABLE policed ENABLE ROW LEVEL SECURITY`);
  expect(await gated('gate_policed', { '001_index.sql': 'CREATE INDEX ON policed (id);' })).toMatchObject({
    ...REFUSED,
    findings: [{ big: [{ unreadable: expect.stringContaining('row-level security') as unknown }] }],
  });
});

test('who locks the table keeps the gate from looking for a moment, and not from answering', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE locked AS SELECT g AS id FROM generate_series(1, 1500) g');
  const other = await db.session();
  await other.exec('BEGIN; LOCK TABLE locked');
  const result = await gated('gate_locked', { '001_index.sql': 'CREATE INDEX ON locked (id);' });
  expect(result).toMatchObject({
    ...REFUSED,
    findings: [{ big: [{ unreadable: 'someone holds it under a lock that keeps readers out' }] }],
  });
});

test('--allow lets a rule through, and the ledger keeps who, where and why', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE allowed AS SELECT g AS id FROM generate_series(1, 2000) g');
  const files = {
    '001_index.sql': 'SELECT 1;\nCREATE INDEX ON allowed (id);',
    '002_type.sql': 'ALTER TABLE allowed ALTER id TYPE bigint;',
  };
  const one = await gated('gate_allow', files, { allow: ['create-index-blocking: closed until six'] });
  expect(one).toMatchObject({ ...REFUSED, findings: [{ rule: 'change-type-rewrite' }] });

  const result = await gated('gate_allow', files, {
    allow: ['create-index-blocking: closed until six', 'change-type-rewrite:nobody reads it', 'table-rewrite: in vain'],
  });
  expect(result).toMatchObject(DONE);
  expect(result.events.filter(({ event }) => event === 'exception')).toMatchObject([
    { path: '001_index.sql', line: 2, rule: 'create-index-blocking', by: 'flag' },
    { path: '002_type.sql', line: 1, rule: 'change-type-rewrite', by: 'flag' },
  ]);
  expect(result.events.filter(({ event }) => event === 'warning')).toMatchObject([
    { message: '--allow table-rewrite was not needed: no pending file would be refused for it.' },
  ]);
  expect(Object.fromEntries(await readExceptions(session, 'gate_allow'))).toMatchObject({
    '001_index': [
      {
        rule: 'create-index-blocking',
        statement: 1,
        line: 2,
        relations: ['public.allowed'],
        by: 'flag',
        reason: 'closed until six',
        runBy: db.ownerRole,
        runFrom: 'tester@here pid 1',
        at: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      },
    ],
    '002_type': [{ rule: 'change-type-rewrite', reason: 'nobody reads it' }],
  });
});

test('a comment with a reason lets its finding through, and the ledger keeps it', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE commented AS SELECT g AS id FROM generate_series(1, 2000) g');
  const file = (reason: string) => ({
    '001_index.sql': `-- tiptoe-disable-next-statement create-index-blocking${reason}\nCREATE INDEX ON commented (id);`,
  });
  expect(await gated('gate_comment', file(''))).toMatchObject(REFUSED);
  expect(await gated('gate_comment', file(': read only at night'))).toMatchObject(DONE);
  expect(Object.fromEntries(await readExceptions(session, 'gate_comment'))).toMatchObject({
    '001_index': [{ by: 'comment', reason: 'read only at night', line: 2 }],
  });
});

test('a severity of the config decides, and so does what is done already', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE half AS SELECT g AS id, g AS other FROM generate_series(1, 2000) g');
  const files = {
    '001_half.sql':
      'CREATE INDEX half_id ON half (id);\nVACUUM half;\nALTER TABLE half ADD CHECK (id < 0) NOT VALID;\nSELECT nope;',
  };
  const config: Partial<Config> = { severities: { 'create-index-blocking': 'warning' } };
  expect(await gated('gate_half', files, { config })).toMatchObject({ reason: 'statement-failed' });
  expect(await ledger(session, 'gate_half')).toEqual([['001_half', 'half-done']]);
  // The index stands; what is left of the file holds up nobody.
  const rest = { '001_half.sql': files['001_half.sql'].replace('nope', '1') };
  expect(await gated('gate_half', rest)).toMatchObject(DONE);
});

test('names are looked up as the role does it, in all schemas of its search_path', async () => {
  const admin = await db.session(db.adminUrl);
  const session = await db.session();
  await session.exec('CREATE SCHEMA app; CREATE TABLE public.found AS SELECT g AS id FROM generate_series(1, 2000) g');
  await admin.exec(`ALTER ROLE ${db.ownerRole} SET search_path = app, public`);
  const files = { '001_index.sql': 'CREATE INDEX ON found (id);' };
  expect(await gated('gate_path', files)).toMatchObject({
    ...REFUSED,
    findings: [{ big: [{ onServer: 'public.found' }] }],
  });
  // One of that name in the first schema hides it.
  const own = { '000_own.sql': 'CREATE TABLE found (id int);', ...files };
  expect(await gated('gate_path', own)).toMatchObject(DONE);
  await admin.exec(`ALTER ROLE ${db.ownerRole} RESET search_path`);
});
