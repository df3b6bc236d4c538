import { expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { testDatabase } from '../support/database.ts';
import { run } from './support.ts';

const db = testDatabase();
const LIMITS = { maxStallMs: 200, capMs: 1_000, giveUpAfterMs: 5_000 };

async function validity(session: Session, table: string): Promise<Record<string, boolean>> {
  const rows = await session.query<{ name: string; valid: boolean }>(
    `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = to_regclass($1) ORDER BY 1`,
    [table],
  );
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]));
}

/** Ends the session of a migration once the table's indexes are as they should be by then. */
async function endAt(running: ReturnType<typeof run>, table: string, indexes: Record<string, boolean>): Promise<void> {
  const admin = await db.session(db.adminUrl);
  await vi.waitFor(async () => expect(await validity(admin, table)).toEqual(indexes), { timeout: 20_000 });
  await admin.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name LIKE 'tiptoe: apply%'`);
  expect(await running).toMatchObject({ outcome: 'gave-up', exitCode: 3, reason: 'connection-lost' });
}

test('what REINDEX CONCURRENTLY has replaced and not dropped is dropped by the next run, and no leftover of someone else', async () => {
  const session = await db.session();
  const admin = await db.session(db.adminUrl);
  await session.exec(
    'CREATE TABLE swapped (a int); CREATE INDEX swapped_a ON swapped (a); CREATE INDEX other_ccold ON swapped (a)',
  );
  await admin.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_ccold'::regclass`);
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN; LOCK TABLE swapped IN ACCESS SHARE MODE');
  const files = { '1_a.sql': 'REINDEX TABLE CONCURRENTLY swapped' };
  const running = run(db.ownerUrl, files, { schema: 'swapped_own' });
  await endAt(running, 'swapped', { swapped_a: true, swapped_a_ccold: false, other_ccold: false });
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'swapped_own' })).toMatchObject({ outcome: 'done' });
  expect(await validity(session, 'swapped')).toEqual({ swapped_a: true, other_ccold: false });
});

test('a statement that was edited after it died leaves no index behind', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE edited (a int)');
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM edited');
  const schema = 'edited_own';
  const running = run(db.ownerUrl, { '1_a.sql': 'CREATE INDEX CONCURRENTLY first ON edited (a)' }, { schema });
  await endAt(running, 'edited', { first: false });
  await reader.exec('COMMIT');
  const edited = { '1_a.sql': 'CREATE INDEX CONCURRENTLY second ON edited (a)' };
  expect(await run(db.ownerUrl, edited, { schema })).toMatchObject({ outcome: 'done' });
  expect(await validity(session, 'edited')).toEqual({ second: true });
});

test('online work waits so long for transactions that were open before it, and names them', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE patient (a int)');
  const reader = await db.session(db.trafficUrl);
  await reader.exec('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM patient');
  const files = { '1_a.sql': 'CREATE INDEX CONCURRENTLY patient_a ON patient (a)' };
  const limits = { ...LIMITS, waitForSnapshotsMs: 300 };
  const result = await run(db.ownerUrl, files, { schema: 'patient_own', limits });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    exitCode: 3,
    reason: 'waited-too-long',
    blockers: [{ pid: reader.pid }],
  });
  expect(result.advice).toContain('--wait-for-snapshots');
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'patient_own', limits })).toMatchObject({ outcome: 'done' });
  expect(await validity(session, 'patient')).toEqual({ patient_a: true });
});
