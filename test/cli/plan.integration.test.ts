import { expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { testDatabase } from '../support/database.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { makeProject } from '../support/project.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();
const project = (schema: string, files: Readonly<Record<string, string>>) =>
  makeProject(temporary.path, db.ownerUrl, schema, files);

const schemas = async (session: Session) =>
  (await session.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace ORDER BY 1')).map(
    ({ name }) => name,
  );

/** Everything in the database that a writer would change. */
const fingerprint = async (session: Session) =>
  session.query(
    `SELECT (SELECT count(*) FROM pg_class) AS relations, (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname LIKE 'plan\\_%') AS writes`,
  );

const FILES = {
  '001_orders.sql': 'CREATE TABLE plan_orders (id int PRIMARY KEY, note text);',
  '002_total.sql': 'ALTER TABLE plan_orders ADD total numeric;\nCREATE INDEX plan_note ON plan_orders (note);',
  '003_index.sql': '-- tiptoe:requires 002_total\nCREATE INDEX CONCURRENTLY plan_total ON plan_orders (total);',
  '004_fill.backfill.sql': 'UPDATE plan_orders SET total = 0 WHERE total IS NULL',
  '005_x.sql': 'CREATE TABLE plan_new (id int);\nALTER TABLE plan_new ADD x int;',
};

interface Document {
  readonly refused: { reason: string; message: string; failure: object | null } | null;
  readonly files: readonly { path: string; [field: string]: unknown }[];
  readonly tables: readonly { relation: string; [field: string]: unknown }[];
  readonly inTheWay: { [field: string]: unknown[] };
  readonly backfills: readonly object[];
  readonly [field: string]: unknown;
}

const read = (stdout: string) => JSON.parse(stdout) as Document;

test('an untouched database: everything is pending, and nothing is made', async () => {
  const session = await db.session();
  const before = await schemas(session);
  const { tiptoe } = await project('plan_untouched', FILES);
  const { code, stdout, stderr } = await tiptoe('plan');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('5 of 5 migrations to apply');
  expect(stdout).toContain('2. migrations/002_total.sql  one transaction');
  expect(stdout).toMatch(/public\.plan_orders +AccessExclusiveLock +instant +blocks reads and writes/);
  expect(stdout).toContain('error create-index-blocking in line 2');
  expect(stdout).toContain('3. migrations/003_index.sql  statement by statement');
  expect(stdout).toContain('requires 002_total, which is pending');
  expect(stdout).toContain('a backfill, in batches');
  expect(stdout).toContain('public.plan_orders: not there yet');
  expect(stdout).toContain('locks that block others are held for 5 s at most');
  expect(await schemas(session)).toEqual(before);
});

test('what is applied is left out; the tables are sized, counted, and whoever is in the way is named', async () => {
  const { tiptoe } = await project('plan_full', FILES);
  expect(await tiptoe('apply', '--to', '1')).toMatchObject({ code: 0 });
  const session = await db.session();
  await session.exec(
    `INSERT INTO plan_orders SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i; ANALYZE plan_orders`,
  );
  const reader = await db.session();
  await reader.exec('BEGIN; SELECT count(*) FROM plan_orders');
  const superuser = await db.session(db.adminUrl);
  await superuser.query(`SELECT pg_create_physical_replication_slot('plan_slot', true)`);
  const before = await fingerprint(session);
  try {
    // The reader counts as long only after a second.
    const found = await vi.waitFor(
      async () => {
        const { code, stdout } = await tiptoe('plan', '--format', 'json', '--cap', '3s');
        expect(code).toBe(0);
        const document = read(stdout);
        expect(document.inTheWay['transactions']).not.toEqual([]);
        return document;
      },
      { timeout: 20_000 },
    );
    expect(found).toMatchObject({
      version: 1,
      database: db.name,
      standby: false,
      limits: { maxStallMs: 200, giveUpAfterMs: 600_000, capMs: 3_000 },
      refused: {
        reason: 'lint-gate',
        findings: [
          {
            path: 'migrations/002_total.sql',
            line: 2,
            rule: 'create-index-blocking',
            big: [{ relation: 'public.plan_orders', rows: 20_000 }],
          },
        ],
      },
      warnings: [],
      window: null,
    });
    expect(found.files).toMatchObject([
      {
        path: 'migrations/002_total.sql',
        name: '002_total',
        version: '2',
        kind: 'migration',
        state: 'pending',
        outOfOrder: false,
        requires: [],
        transaction: 'file',
        statements: [
          {
            index: 0,
            line: 1,
            kind: 'AlterTable',
            alone: false,
            done: false,
            effects: [{ relation: 'public.plan_orders', lock: 'AccessExclusiveLock', preexisting: true }],
          },
          { index: 1, kind: 'Index', effects: [{ lock: 'ShareLock', scan: true }] },
        ],
        findings: [{ rule: 'create-index-blocking', severity: 'error', line: 2, relation: 'public.plan_orders' }],
      },
      {
        path: 'migrations/003_index.sql',
        requires: [{ name: '002_total', state: 'pending', met: false }],
        statements: [{ alone: true, effects: [{ online: true }] }],
      },
      { path: 'migrations/004_fill.backfill.sql', kind: 'backfill', transaction: 'batches' },
      { path: 'migrations/005_x.sql', statements: [{ effects: [] }, { effects: [{ preexisting: false }] }] },
    ]);
    expect(found.tables.map(({ relation }) => relation)).toEqual(['public.plan_orders']);
    const [table] = found.tables;
    expect(table).toMatchObject({ exists: true, bytesEstimated: false, rows: 20_000 });
    expect(Number(table?.['bytes'])).toBeGreaterThan(2_000_000);
    expect(Number(table?.['indexBytes'])).toBeGreaterThan(100_000);
    expect(found.inTheWay['holders']).toMatchObject([
      {
        kind: 'session',
        pid: reader.pid,
        application: 'tiptoe test',
        lock: 'AccessShareLock',
        relation: 'public.plan_orders',
      },
    ]);
    expect(found.inTheWay['transactions']).toMatchObject([
      { pid: reader.pid, user: db.ownerRole, state: 'idle in transaction' },
    ]);
    expect(found.inTheWay['replicationSlots']).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'plan_slot', kind: 'physical', active: false })]),
    );
    const { stdout } = await tiptoe('apply', '--only-plan');
    expect(stdout).toContain('4 of 5 migrations to apply');
    expect(stdout).toContain('apply would refuse: migrations/002_total.sql is refused: the traffic of tables');
    expect(stdout).toContain('public.plan_orders has about 20,000 rows.');
    const allowed = read(
      (await tiptoe('apply', '--only-plan', '--format', 'json', '--allow', 'create-index-blocking: at night')).stdout,
    );
    expect(allowed.refused).toBeNull();
    expect(stdout).toMatch(/public\.plan_orders: \d.* MB \(.* of it indexes\), about 20,000 rows; right now/);
    expect(stdout).toMatch(
      new RegExp(`pid ${reader.pid} \\(tiptoe test, .*\\) with AccessShareLock on public.plan_orders`),
    );
    expect(stdout).toContain('replication slot plan_slot (physical, nobody reads it) keeps');
    expect(await fingerprint(session)).toEqual(before);
  } finally {
    await superuser.query(`SELECT pg_drop_replication_slot('plan_slot')`);
  }
});

test('the traffic of right now is measured', async () => {
  const { tiptoe } = await project('plan_busy', { '001_a.sql': 'ALTER TABLE plan_busy_table ADD b int' });
  const session = await db.session();
  await session.exec('CREATE TABLE plan_busy_table (a int)');
  const done = new AbortController();
  const traffic = (async () => {
    while (!done.signal.aborted) {
      await session.exec('INSERT INTO plan_busy_table SELECT generate_series(1, 100)');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    await vi.waitFor(
      async () => {
        const { tables } = read((await tiptoe('plan', '--format', 'json')).stdout);
        expect(tables).toMatchObject([{ traffic: { perSecondNow: { inserts: expect.any(Number) as number } } }]);
        expect(tables).not.toMatchObject([{ traffic: { perSecondNow: { inserts: 0 } } }]);
      },
      { timeout: 20_000 },
    );
  } finally {
    done.abort();
    await traffic;
  }
});

test('it never stands behind a lock: of a table that is locked, the size is estimated', async () => {
  const { tiptoe } = await project('plan_locked', { '001_a.sql': 'ALTER TABLE plan_locked_table ADD b int' });
  const session = await db.session();
  await session.exec(
    'CREATE TABLE plan_locked_table AS SELECT generate_series(1, 10000) AS a; CREATE INDEX plan_locked_index ON plan_locked_table (a)',
  );
  await session.exec('VACUUM ANALYZE plan_locked_table');
  await session.exec('BEGIN; LOCK TABLE plan_locked_table');
  const estimated = read((await tiptoe('plan', '--format', 'json')).stdout).tables;
  expect(estimated).toMatchObject([{ exists: true, bytesEstimated: true, rows: 10_000 }]);
  await session.exec(
    'ROLLBACK; BEGIN; ALTER INDEX plan_locked_index RENAME TO plan_locked_other; LOCK TABLE plan_locked_table IN SHARE MODE',
  );
  expect(read((await tiptoe('plan', '--format', 'json')).stdout).tables).toMatchObject([
    { exists: true, rows: 10_000 },
  ]);
  await session.exec('ROLLBACK');
  const exact = read((await tiptoe('plan', '--format', 'json')).stdout).tables;
  expect(exact).toMatchObject([{ bytesEstimated: false }]);
  expect(Number(estimated[0]?.['bytes'])).toBeGreaterThan(Number(exact[0]?.['bytes']) / 2);
});

test('partitions are counted together', async () => {
  const { tiptoe } = await project('plan_parts', { '001_a.sql': 'ALTER TABLE plan_parts ADD b int' });
  const session = await db.session();
  await session.exec(
    `CREATE TABLE plan_parts (a int) PARTITION BY RANGE (a);
     CREATE TABLE plan_parts_1 PARTITION OF plan_parts FOR VALUES FROM (0) TO (1000);
     CREATE TABLE plan_parts_2 PARTITION OF plan_parts FOR VALUES FROM (1000) TO (3000);
     INSERT INTO plan_parts SELECT generate_series(0, 2999); ANALYZE plan_parts_1; ANALYZE plan_parts_2`,
  );
  expect(read((await tiptoe('plan', '--format', 'json')).stdout).tables).toMatchObject([
    { relation: 'public.plan_parts', rows: 3_000 },
  ]);
});

test('what apply would refuse is told, with exit code 0', async () => {
  const { tiptoe, write } = await project('plan_refused', { '002_b.sql': 'SELECT 1;' });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  await write({ '001_a.sql': 'SELECT 1;' });
  const late = await tiptoe('plan');
  expect(late.code).toBe(0);
  expect(late.stdout).toContain(
    'apply would refuse: migrations/001_a.sql comes before 002_b, which is applied already',
  );
  const allowed = read((await tiptoe('plan', '--format', 'json', '--out-of-order', 'warn')).stdout);
  expect(allowed).toMatchObject({
    refused: null,
    warnings: [{ path: 'migrations/001_a.sql' }],
    files: [{ outOfOrder: true }],
  });

  await write({ '001_a.sql': '-- tiptoe:requires 003_x\nSELECT 1;', '004_y.sql': 'SELEC 1;' });
  const broken = read((await tiptoe('plan', '--format', 'json', '--out-of-order', 'allow')).stdout);
  expect(broken.refused).toMatchObject({ reason: 'syntax-error', failure: { path: 'migrations/004_y.sql', line: 1 } });
  const to = await tiptoe('plan', '--out-of-order', 'allow', '--to', '001_a');
  expect(to.stdout).toContain('There is no migration or backfill 003_x.');
  await write({ '002_b.sql': 'SELECT 2;' });
  expect((await tiptoe('plan')).stdout).toContain('apply would refuse: migrations/002_b.sql was edited');
});

test('what the role may not do is told, and when work may begin', async () => {
  const { tiptoe } = await project('plan_rights', { '001_a.sql': '\nALTER TABLE plan_foreign ADD b int;' });
  const admin = await db.session(db.adminUrl);
  await admin.exec('CREATE TABLE plan_foreign (a int)');
  const today = new Date().toISOString().slice(0, 10);
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const inThreeDays = day[(new Date(today).getUTCDay() + 3) % 7] ?? '';
  const found = read((await tiptoe('plan', '--format', 'json', '--window', `${inThreeDays} 01:00-02:00`)).stdout);
  expect(found).toMatchObject({
    refused: {
      reason: 'missing-privilege',
      failure: { line: 2, message: expect.stringContaining('public.plan_foreign belongs to') as unknown },
    },
    window: {
      windows: [`${inThreeDays} 01:00-02:00`],
      open: false,
      opensAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT01:00:00Z$/) as unknown,
    },
  });
  await admin.exec(`ALTER TABLE plan_foreign OWNER TO ${db.ownerRole}`);
  const { stdout } = await tiptoe('plan', '--window', 'Mon-Sun 00:00-24:00');
  expect(stdout).toContain('work is begun only in the window Mon-Sun 00:00-24:00, which is open now');
  expect(stdout).not.toContain('apply would refuse');
});

test('behind a pooler that shares sessions all is told but what needs a session, and nothing is left in one', async () => {
  const { tiptoeAs } = await project('plan_pooled', { '001_a.sql': 'ALTER TABLE plan_pooled ADD b int;' });
  await (await db.session()).exec('CREATE TABLE plan_pooled (a int)');
  const pooler = await startPgBouncer(db.ownerUrl, { pool_mode: 'transaction', default_pool_size: '2' });
  try {
    const { code, stdout } = await tiptoeAs(pooler.url, 'plan');
    expect(code).toBe(0);
    expect(stdout).toContain('1 of 1 migration to apply');
    expect(stdout).toMatch(
      /warning: Whether apply would refuse what the linter found cannot be told: .* connection pooler/,
    );
    const [first, second] = [await db.session(pooler.url), await db.session(pooler.url)];
    await first.exec('BEGIN');
    await second.exec('BEGIN');
    const settings = `SELECT current_setting('lock_timeout') AS lock, current_setting('search_path') AS path`;
    for (const session of [first, second])
      expect(await session.query(settings)).toEqual([{ lock: '0', path: '"$user", public' }]);
  } finally {
    await pooler.stop();
  }
});

test('a half-done file: what stands is told, and left out', async () => {
  const { tiptoe } = await project('plan_half', {
    '001_a.sql': 'CREATE TABLE plan_half (a int);\nVACUUM plan_half;\nALTER TABLE plan_half ADD nope nope;',
  });
  expect(await tiptoe('apply')).toMatchObject({ code: 1 });
  const { stdout } = await tiptoe('plan');
  expect(stdout).toContain('half-done: 2 statements of it stand already, and are left out here');
  expect(stdout).not.toContain('VACUUM plan_half');
  const [file] = read((await tiptoe('plan', '--format', 'json')).stdout).files;
  expect(file).toMatchObject({ state: 'half-done', statements: [{ done: true }, { done: true }, { done: false }] });
});

test('SELECT on the ledger is enough; without it the grant is shown', async () => {
  const { tiptoe, tiptoeAs } = await project('plan_role', { '001_a.sql': 'CREATE TABLE plan_role_table (a int);' });
  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  const session = await db.session();
  await session.exec(`REVOKE ALL ON SCHEMA plan_role FROM ${db.trafficRole}`);
  const refused = await tiptoeAs(db.trafficUrl, 'plan', '--format', 'json');
  expect(refused.code).toBe(2);
  expect(JSON.parse(refused.stdout)).toMatchObject({ version: 1, outcome: 'refused', files: [] });
  expect(refused.stderr).toContain('GRANT USAGE ON SCHEMA plan_role');
  await session.exec(
    `REVOKE ALL ON ALL TABLES IN SCHEMA plan_role FROM ${db.trafficRole}; GRANT USAGE ON SCHEMA plan_role TO ${db.trafficRole};
     GRANT SELECT ON ALL TABLES IN SCHEMA plan_role TO ${db.trafficRole}`,
  );
  const seen = await tiptoeAs(db.trafficUrl, 'plan');
  expect(seen).toMatchObject({ code: 0, stderr: '' });
  expect(seen.stdout).toContain('nothing to apply');
  expect(seen.stdout).toContain('GRANT pg_monitor');
});

test('bad input: no folder, an unknown --to, ndjson, a ledger of a newer tiptoe, a ledger under a lock', async () => {
  const { tiptoe } = await project('plan_bad', { '001_first.sql': 'SELECT 1;' });
  expect(await tiptoe('plan', '--dir', 'nowhere')).toMatchObject({ code: 2 });
  const unknown = await tiptoe('plan', '--to', '001_frist');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('Did you mean 001_first?');
  expect(await tiptoe('apply', '--only-plan', '--format', 'ndjson')).toMatchObject({ code: 2 });
  expect(await tiptoe('plan', '--out-of-order', 'perhaps')).toMatchObject({ code: 2 });

  expect(await tiptoe('apply')).toMatchObject({ code: 0 });
  const session = await db.session();
  await session.exec('BEGIN; LOCK TABLE plan_bad.migration');
  const locked = await tiptoe('plan');
  expect(locked.code).toBe(2);
  expect(locked.stderr).toContain('The server did not answer in time');
  expect(await tiptoe('status')).toMatchObject({ code: 2 });
  await session.exec('ROLLBACK');
  await session.exec(`UPDATE plan_bad.version SET version = 99 WHERE component = 'migrate'`);
  const newer = await tiptoe('plan');
  expect(newer.code).toBe(2);
  expect(newer.stderr).toContain('were written by a newer tiptoe');
});
