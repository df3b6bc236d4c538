import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

interface Phase {
  /** What must be there beside the table `held`, which an open transaction reads meanwhile. */
  readonly setup?: (held: string) => string;
  readonly sql: (held: string) => string;
  /** Which of our sessions shows that the phase is reached. */
  readonly reached: string;
  readonly says: string;
}

const WAITS = 'EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted)';
const ROLLED_BACK = 'Interrupted; migrations/001_a.sql was rolled back, and nothing of it stands.';
const STATEMENT: Phase = {
  sql: () => 'SELECT pg_sleep(300);',
  reached: `a.wait_event = 'PgSleep'`,
  says: ROLLED_BACK,
};
const LOCK: Phase = {
  sql: (held) => `ALTER TABLE ${held} ADD b int;`,
  reached: `a.application_name = 'tiptoe: control'`,
  says: ROLLED_BACK,
};
const PHASES: Readonly<Record<string, Phase>> = {
  lock: LOCK,
  statement: STATEMENT,
  commit: {
    setup: (held) => `
      CREATE FUNCTION ${held}_slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(300); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON ${held} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${held}_slowly()`,
    sql: (held) => `INSERT INTO ${held} VALUES (1);`,
    reached: `a.query = 'COMMIT' AND a.wait_event = 'PgSleep'`,
    says: ROLLED_BACK,
  },
  concurrently: {
    sql: (held) => `CREATE INDEX CONCURRENTLY ${held}_id ON ${held} (id);`,
    reached: `a.query LIKE 'CREATE INDEX%' AND ${WAITS}`,
    says: 'Interrupted in the middle of online work in migrations/001_a.sql',
  },
};

/** A run that has reached a phase. Each has a table of its own: what online work leaves behind is for the next run of the same books. */
async function inPhase({ setup, sql, reached }: Phase, schema: string) {
  const held = `${schema}_held`;
  const session = await db.session();
  await session.exec(`CREATE TABLE ${held} (id int)`);
  if (setup !== undefined) await session.exec(setup(held));
  const reader = await db.session();
  await reader.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ; TABLE ${held}`);
  // A backend may still be busy with what the run before it left at once.
  const [begun] = await session.query<{ at: string }>('SELECT clock_timestamp()::text AS at');
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  await writeFile(join(cwd, 'migrations', '001_a.sql'), sql(held));
  const args = ['apply', '--schema', schema, '--cap', '5min', '--format', 'json'];
  const running = startTiptoe(args, { cwd, env: { DATABASE_URL: db.ownerUrl } });
  if (reached === LOCK.reached) await running.waitForOutput(/pid \d+ \(.*_held/);
  const query = `SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND a.application_name LIKE 'tiptoe: %'
    AND a.backend_start > $1::timestamptz AND ${reached}`;
  await vi.waitFor(async () => expect(await session.query(query, [begun?.at ?? null])).not.toEqual([]), {
    timeout: 30_000,
  });
  return running;
}

test.each(Object.entries(PHASES))('Ctrl-C leaves cleanly and soon: %s', async (name, phase) => {
  const running = await inPhase(phase, `signal_${name}`);
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
  const running = await inPhase(phase, `signals_${name}`);
  running.kill('SIGINT');
  running.kill('SIGTERM');
  const { code, stdout } = await running.finished();
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'gave-up', reason: 'interrupted' });
});

test('while it waits for another runner', async () => {
  const first = await inPhase(STATEMENT, 'signal_runner');
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
