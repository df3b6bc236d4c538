import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test, vi } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { run } from './support.ts';

const db = testDatabase();

beforeAll(async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE crowded (id int); CREATE TABLE busy (id int)');
});

interface Kept {
  readonly index: number;
  readonly state: string;
  readonly attempts: number;
  readonly stalled: number;
  readonly longest: string;
  readonly total: string;
  readonly blockers: string;
  readonly runFrom: string;
}

const kept = async (schema: string) =>
  (await db.session()).query<Kept>(
    `SELECT index, state, attempts, stalled_sessions AS stalled, longest_stall_ms AS longest, total_stall_ms AS total, blockers::text,
            run_from AS "runFrom" FROM ${schema}.migration_statement ORDER BY migration, index`,
  );

test('the ledger and the result know whom a statement made wait, and for how long', async () => {
  const session = await db.session();
  const readers = [await db.session(db.trafficUrl), await db.session(db.trafficUrl)];
  const running = run(
    db.ownerUrl,
    { '1_a.sql': 'SELECT 1; ALTER TABLE crowded ADD b int; SELECT pg_sleep(2);' },
    { schema: 'facts_stalled' },
  );
  await vi.waitFor(
    async () =>
      expect(
        await session.query(
          `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
        ),
      ).toHaveLength(1),
    { timeout: 10_000 },
  );
  await Promise.all(readers.map((reader) => reader.query('SELECT FROM crowded')));
  const result = await running;
  expect(result.outcome).toBe('done');
  const [first, , sleeping] = result.files[0]?.statements ?? [];
  expect(first?.stalled).toEqual({ sessions: 0, longestMs: 0, totalMs: 0 });
  expect(sleeping?.stalled.sessions).toBe(2);
  expect(sleeping?.stalled.longestMs).toBeGreaterThan(0);
  expect(sleeping?.stalled.totalMs).toBeGreaterThan(sleeping?.stalled.longestMs ?? Infinity);

  const rows = await kept('facts_stalled');
  expect(rows.map(({ stalled }) => stalled)).toEqual([0, 0, 2]);
  expect(rows[2]).toMatchObject({
    longest: String(sleeping?.stalled.longestMs),
    total: String(sleeping?.stalled.totalMs),
    runFrom: 'tester@here pid 1',
  });
  expect(
    await session.query('SELECT stalled_sessions AS stalled, longest_stall_ms AS longest FROM facts_stalled.migration'),
  ).toEqual([{ stalled: 2, longest: rows[2]?.longest }]);
});

test('who was in the way is kept, also of a statement that was given up, and a later success replaces it', async () => {
  const reader = await db.session(db.ownerUrl, { applicationName: 'report' });
  await reader.exec(`BEGIN; SELECT FROM busy WHERE id = 4711`);
  const files = { '1_a.sql': 'SELECT 1; ALTER TABLE busy ADD b int;' };
  const limits = { maxStallMs: 100, capMs: 5_000, giveUpAfterMs: 300 };
  const gaveUp = await run(db.ownerUrl, files, { schema: 'facts_blocked', limits });
  expect(gaveUp).toMatchObject({
    outcome: 'gave-up',
    files: [{ statements: [], unfinished: { index: 1, blockers: [{ pid: reader.pid, application: 'report' }] } }],
  });
  const [row] = await kept('facts_blocked');
  expect(row).toMatchObject({ index: 1, state: 'failed' });
  expect(JSON.parse(row?.blockers ?? '')).toMatchObject([
    { pid: reader.pid, state: 'idle in transaction', query: 'BEGIN; SELECT FROM busy WHERE id = $1' },
  ]);

  let waiting = () => {};
  const met = new Promise<void>((resolve) => (waiting = resolve));
  const again = run(db.ownerUrl, files, {
    schema: 'facts_blocked',
    onEvent: ({ event }) => event === 'waiting-for-lock' && waiting(),
  });
  await met;
  await reader.exec('COMMIT');
  expect(await again).toMatchObject({ outcome: 'done' });
  const rows = await kept('facts_blocked');
  expect(rows.map(({ state }) => state)).toEqual(['done', 'done']);
  expect(JSON.parse(rows[1]?.blockers ?? '')).toMatchObject([{ pid: reader.pid }]);
});

test('the queries of docs/server.md answer', async () => {
  const page = await readFile(new URL('../../docs/server.md', import.meta.url), 'utf8');
  const queries = [...page.matchAll(/```sql\n(SELECT[^`]*tiptoe\.migration[^`]*)```/g)].map(([, query = '']) => query);
  expect(queries).toHaveLength(2);
  const [longest = '', blockers = ''] = queries.map((query) => query.replaceAll('tiptoe.', 'facts_blocked.'));
  const session = await db.session();
  expect(await session.query(longest)).toMatchObject([{ name: '1_a' }]);
  expect(await session.query(blockers)).toMatchObject([{ migration: '1_a', application: 'report' }]);
});
