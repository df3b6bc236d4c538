import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { openSession, type Session } from '../../src/db/session.ts';
import { type ScratchServer, startScratchServer } from '../../src/scratch/scratch-server.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { columns, run } from '../migrate/support.ts';
import { connectionTo, databaseUrl } from '../support/database.ts';

let server: ScratchServer;
let admin: Session;
let ownerUrl: string;

const LIMITS = { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 20_000 };

beforeAll(async () => {
  await loadParser();
  // A new one comes within the second after one was made to leave.
  server = await startScratchServer({
    settings: { autovacuum_naptime: '1s', autovacuum_max_workers: '6' },
  });
  ownerUrl = databaseUrl(server.url, 'postgres', 'app_owner', 'secret');
  admin = await openSession(connectionTo(server.url), { applicationName: 'test admin' });
  await admin.exec(`CREATE ROLE app_owner LOGIN PASSWORD 'secret'; GRANT ALL ON SCHEMA public TO app_owner;
    GRANT CREATE ON DATABASE postgres TO app_owner`);
});
afterAll(async () => {
  await admin.close();
  await server.stop();
});
afterEach(() =>
  admin.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker';
    DROP TABLE IF EXISTS vacuumed, vacuumed_too`),
);

/** A table whose autovacuum takes minutes, as soon as there is one: for its dead rows, or for its age. */
async function underAutovacuum(table: string, why: 'dead rows' | 'age'): Promise<void> {
  await admin.exec(`
    CREATE TABLE ${table} (a int, b text) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
      autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 2000000000,
      autovacuum_enabled = ${why === 'dead rows'}, autovacuum_freeze_max_age = 100000);
    ALTER TABLE ${table} OWNER TO app_owner;
    INSERT INTO ${table} SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g;
    DELETE FROM ${table} WHERE a % 2 = 0`);
  if (why === 'age') {
    await admin.exec(`CREATE TEMP TABLE burnt (a int); DO $$ BEGIN
      FOR i IN 1..100100 LOOP BEGIN INSERT INTO burnt VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$;
      DROP TABLE burnt`);
  }
  await vi.waitFor(
    async () =>
      expect(
        await admin.query(
          `SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
            WHERE a.backend_type = 'autovacuum worker' AND l.relation = $1::regclass AND a.xact_start < now() - interval '0.3 s'`,
          [table],
        ),
      ).toHaveLength(1),
    { timeout: 40_000, interval: 100 },
  );
}

test('an autovacuum is made to leave, whether or not we may see what it is, and none slips in before the lock is ours', async () => {
  await underAutovacuum('vacuumed', 'dead rows');
  await underAutovacuum('vacuumed_too', 'dead rows');
  const result = await run(
    ownerUrl,
    { '1_a.sql': 'ALTER TABLE vacuumed ADD c int; ALTER TABLE vacuumed_too ADD c int' },
    { schema: 'leaving', limits: LIMITS },
  );
  expect(result).toMatchObject({ outcome: 'done', files: [{ statements: [{ attempts: 1 }, { attempts: 1 }] }] });
  expect(await columns(admin, 'vacuumed')).toContain('c');
  const waited = result.events.find(({ event }) => event === 'waiting-for-lock');
  expect(waited).toMatchObject({ blockers: [{ kind: 'autovacuum' }, { kind: 'autovacuum' }] });
});

test('a statement without a transaction makes it leave too', async () => {
  await underAutovacuum('vacuumed', 'dead rows');
  const result = await run(
    ownerUrl,
    { '1_a.sql': '-- tiptoe:transaction none\nALTER TABLE vacuumed ADD c int' },
    { schema: 'leaving_alone', limits: LIMITS },
  );
  expect(result.outcome).toBe('done');
});

test('one that prevents wraparound is told at once, and not waited behind, whether or not we may see what it is', async () => {
  await underAutovacuum('vacuumed', 'age');
  for (const [schema, url] of Object.entries({ wraparound: server.url, wraparound_owner: ownerUrl })) {
    const limits = { ...LIMITS, giveUpAfterMs: 400 };
    const result = await run(url, { '1_a.sql': 'ALTER TABLE vacuumed ADD c int' }, { schema, limits });
    expect(result).toMatchObject({
      outcome: 'gave-up',
      exitCode: 3,
      reason: 'lock-not-had',
      blockers: [{ kind: 'wraparound-vacuum', on: 'relation', relation: 'public.vacuumed' }],
    });
    expect(result.advice).toMatch(/prevents transaction ID wraparound, so let it finish/);
    expect(result.events.filter(({ event }) => event === 'warning')).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/prevents transaction ID wraparound \(pid \d+\).* does not yield/) as unknown,
      }),
    ]);
  }
});
