import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tiptoe-runners-'));
});
afterEach(() => rm(dir, { recursive: true }));

const start = (...flags: string[]) =>
  startTiptoe(['apply', '--dir', dir, '--database-url', db.ownerUrl, ...flags], { env: { CI: 'true' } });

/** Whose name the ledger has for each file. */
const runners = (session: Session) =>
  session.query<{ name: string; state: string; pid: string }>(
    `SELECT name, state, substring(run_from from 'pid (\\d+)') AS pid FROM tiptoe.migration ORDER BY name`,
  );

const CASES: readonly [string, string, string][] = [
  ['between two tries for a lock', 'held_1', 'ALTER TABLE held_1 ADD c int'],
  [
    'with a statement outside of a transaction under way',
    'held_2',
    'CREATE INDEX CONCURRENTLY held_2_id ON held_2 (id);\nCREATE INDEX CONCURRENTLY held_2_neg ON held_2 ((-id));',
  ],
];

test.each(CASES)(
  'a runner that was stopped %s, past its lease, does not write when it wakes up',
  async (_, table, sql) => {
    const [admin, holder] = [await db.session(db.adminUrl), await db.session()];
    await holder.exec(`CREATE TABLE ${table} (id int)`);
    await holder.exec(`BEGIN; LOCK TABLE ${table} IN ROW EXCLUSIVE MODE`);
    await writeFile(join(dir, `1_${table}.sql`), sql);
    await writeFile(join(dir, `2_${table}.sql`), `CREATE TABLE ${table}_made (id int)`);

    const sleeper = start();
    await sleeper.waitForOutput(new RegExp(`pid ${holder.pid}`));
    sleeper.kill('SIGSTOP');
    await admin.exec(`UPDATE tiptoe.lease SET expires_at = now() - interval '1 s'`);
    const second = start();
    await vi.waitFor(
      async () =>
        expect(await admin.query(`SELECT FROM tiptoe.lease WHERE owner LIKE '%pid ${second.pid},%'`)).toHaveLength(1),
      { timeout: 20_000 },
    );
    await holder.exec('COMMIT');
    expect(await second.finished()).toMatchObject({ code: 0 });

    sleeper.kill('SIGCONT');
    const { code, stderr } = await sleeper.finished();
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/connection to the server was lost|taken over/) as unknown,
    });
    expect(await runners(admin)).toEqual([
      { name: `1_${table}`, state: 'done', pid: expect.any(String) as unknown },
      { name: `2_${table}`, state: 'done', pid: String(second.pid) },
    ]);
    expect(await admin.query(`SELECT FROM tiptoe.lease WHERE owner IS NOT NULL`)).toEqual([]);
    expect(
      await admin.query(`SELECT indexrelid::regclass::text AS invalid FROM pg_index WHERE NOT indisvalid`),
    ).toEqual([]);
    await admin.exec('DROP SCHEMA tiptoe CASCADE');
  },
);
