import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openSession, type Session } from '../../src/db/session.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { standInLine } from '../../src/safety/lock.ts';
import { resolveTargets } from '../../src/safety/targets.ts';
import { type ScratchServer, startScratchServer } from '../../src/scratch/scratch-server.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { connectionTo } from '../support/database.ts';

let server: ScratchServer;
let main: Session;
let control: Session;

beforeAll(async () => {
  await loadParser();
  server = await startScratchServer({ settings: { autovacuum_naptime: '1s' } });
  main = await openSession(connectionTo(server.url), { applicationName: 'test main' });
  control = await openSession(connectionTo(server.url), { applicationName: 'test control' });
});
afterAll(async () => {
  await Promise.all([main.close(), control.close()]);
  await server.stop();
});

test('an autovacuum that works on the table is made to leave', async () => {
  await main.exec(`
    CREATE TABLE vacuumed (a int, b text) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
      autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 2000000000);
    INSERT INTO vacuumed SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g;
    DELETE FROM vacuumed WHERE a % 2 = 0`);
  const vacuuming = `SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
    WHERE a.backend_type = 'autovacuum worker' AND l.relation = 'vacuumed'::regclass AND a.xact_start < now() - interval '1 s'`;
  await vi.waitFor(async () => expect(await control.query(vacuuming)).toHaveLength(1), {
    timeout: 40_000,
    interval: 100,
  });
  // As on a real server, the next one is not started within the second.
  await control.exec('ALTER SYSTEM SET autovacuum_naptime = 60');
  await control.exec('SELECT pg_reload_conf()');
  const targets = await resolveTargets(control, [{ relation: 'public.vacuumed', mode: 'AccessExclusiveLock' }]);
  const limits = { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 20_000 };
  const line = await standInLine({ control, main, limits, targets: () => targets }, ({ patienceMs }) =>
    withTransaction(main, () =>
      main.exec(`SET LOCAL lock_timeout = ${Math.ceil(patienceMs)}; ALTER TABLE vacuumed ADD c int`),
    ),
  );
  expect(line).toMatchObject({ kind: 'done', attempts: 1 });
  expect(line.waitedMs).toBeLessThan(10_000);
});
