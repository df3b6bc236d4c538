import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

interface Phase {
  /** What must be there; `held` is read by an open transaction meanwhile. */
  readonly setup: string;
  readonly sql: string;
  /** Which of our sessions shows that the phase is reached. */
  readonly reached: string;
  readonly says: string;
}

const WAITS = 'EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted)';
const PHASES: Readonly<Record<string, Phase>> = {
  lock: {
    setup: 'CREATE TABLE lock_held (id int)',
    sql: 'ALTER TABLE lock_held ADD b int;',
    reached: `a.application_name = 'tiptoe: control'`,
    says: 'Interrupted; migrations/001_a.sql was rolled back, and nothing of it stands.',
  },
  statement: {
    setup: 'CREATE TABLE statement_held (id int)',
    sql: 'SELECT pg_sleep(300);',
    reached: `a.wait_event = 'PgSleep'`,
    says: 'Interrupted; migrations/001_a.sql was rolled back, and nothing of it stands.',
  },
  commit: {
    setup: `CREATE TABLE commit_held (id int);
      CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(300); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON commit_held DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly()`,
    sql: 'INSERT INTO commit_held VALUES (1);',
    reached: `a.query = 'COMMIT' AND a.wait_event = 'PgSleep'`,
    says: 'Interrupted; migrations/001_a.sql was rolled back, and nothing of it stands.',
  },
  concurrently: {
    setup: 'CREATE TABLE concurrently_held (id int)',
    sql: 'CREATE INDEX CONCURRENTLY concurrently_id ON concurrently_held (id);',
    reached: `a.query LIKE 'CREATE INDEX%' AND ${WAITS}`,
    says: 'Interrupted in the middle of online work in migrations/001_a.sql',
  },
};

async function inPhase(name: string, { setup, sql, reached }: Phase, schema: string) {
  const session = await db.session();
  if ((await session.query('SELECT WHERE to_regclass($1) IS NULL', [`${name}_held`])).length === 1)
    await session.exec(setup);
  const reader = await db.session();
  await reader.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ; TABLE ${name}_held`);
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  await writeFile(join(cwd, 'migrations', '001_a.sql'), sql);
  const args = ['apply', '--schema', schema, '--cap', '5min', '--format', 'json'];
  const running = startTiptoe(args, { cwd, env: { DATABASE_URL: db.ownerUrl } });
  if (name === 'lock') await running.waitForOutput(/pid \d+ \(.*lock_held/);
  const query = `SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND a.application_name LIKE 'tiptoe: %' AND ${reached}`;
  await vi.waitFor(async () => expect(await session.query(query)).not.toEqual([]), { timeout: 30_000 });
  return running;
}

test.each(Object.entries(PHASES))('Ctrl-C leaves cleanly and soon: %s', async (name, phase) => {
  const running = await inPhase(name, phase, `signal_${name}`);
  running.kill('SIGINT');
  const { code, stdout } = await running.finished();
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });
  expect((JSON.parse(stdout) as { message: string }).message).toContain(phase.says);
  const session = await db.session();
  const owner = await session.query(`SELECT owner FROM signal_${name}.lease WHERE name = 'migrate'`);
  expect(owner).toEqual([{ owner: null }]);
});

test.each(Object.entries(PHASES))('a second one leaves at once, with the one document: %s', async (name, phase) => {
  const running = await inPhase(name, phase, `signals_${name}`);
  running.kill('SIGINT');
  running.kill('SIGTERM');
  const { code, stdout } = await running.finished();
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });
});

test('while it waits for another runner', async () => {
  const first = await inPhase('statement', PHASES.statement as Phase, 'signal_runner');
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  await writeFile(join(cwd, 'migrations', '001_a.sql'), 'SELECT 1;');
  const second = startTiptoe(['apply', '--schema', 'signal_runner'], { cwd, env: { DATABASE_URL: db.ownerUrl } });
  await second.waitForOutput(/waiting for another runner/);
  second.kill('SIGINT');
  const { code, stderr } = await second.finished();
  expect(code).toBe(3);
  expect(stderr).toContain('Interrupted while waiting for another runner; nothing was changed.');
  first.kill('SIGINT');
  await first.finished();
});
