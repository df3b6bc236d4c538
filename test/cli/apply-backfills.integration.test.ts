import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTiptoe, startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();

/** Migrations of a folder; their ledger is in a schema of their own. */
async function project(schema: string, files: Readonly<Record<string, string>>) {
  const cwd = await mkdtemp(join(temporary.path, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'migrations', name), text);
  const env = { DATABASE_URL: db.ownerUrl };
  return {
    configure: (config: object) => writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify(config)),
    tell: (command: 'plan' | 'status', ...args: string[]) =>
      runTiptoe([command, '--schema', schema, ...args], { cwd, env }),
    apply: (...args: string[]) => runTiptoe(['apply', '--schema', schema, ...args], { cwd, env }),
    backfill: (...args: string[]) => runTiptoe(['backfill', ...args, '--schema', schema], { cwd, env }),
    starts: (...args: string[]) => startTiptoe(['apply', '--schema', schema, ...args], { cwd, env }),
    outcomes: async (...args: string[]) => {
      const { code, stdout } = await runTiptoe(['apply', '--schema', schema, '--format', 'json', ...args], {
        cwd,
        env,
      });
      const {
        reason,
        message,
        files: all,
      } = JSON.parse(stdout) as {
        reason: string | null;
        message: string | null;
        files: { path: string; outcome: string }[];
      };
      return { code, reason, message, files: all.map(({ path, outcome }) => `${path.slice(11, 14)} ${outcome}`) };
    },
  };
}

const filled = async (table: string, more = ''): Promise<void> => {
  const session = await db.session();
  await session.exec(
    `CREATE TABLE ${table} (id int PRIMARY KEY, old int, new int); INSERT INTO ${table} SELECT g, g FROM generate_series(1, 10) g; ${more}`,
  );
};

test('what does not need a backfill goes on, what touches its table waits until it is run', async () => {
  await filled('goes');
  const { apply, outcomes, backfill } = await project('own_goes', {
    '001_new.backfill.sql': 'UPDATE goes SET new = old WHERE new IS NULL',
    '002_other.sql': 'CREATE TABLE goes_other (id int);',
    '003_drop.sql': 'ALTER TABLE goes DROP COLUMN old;',
    '004_last.sql': 'CREATE TABLE goes_last (id int);',
  });
  expect(await outcomes()).toEqual({
    code: 3,
    reason: 'backfill-first',
    message:
      'migrations/003_drop.sql touches public.goes, a table of the backfill 001_new, which has not run yet; it waits, and so does what comes after it.',
    files: ['001 registered', '002 done', '003 pending', '004 pending'],
  });
  const again = await apply();
  expect(again.code).toBe(3);
  expect(again.stderr).toContain('tiptoe backfill run migrations/001_new.backfill.sql');
  expect(await backfill('run', '001_new')).toMatchObject({ code: 0 });
  expect(await outcomes()).toMatchObject({ code: 0, files: ['001 done', '003 done', '004 done'] });
  const session = await db.session();
  expect(await session.query('SELECT count(*)::int AS filled FROM goes WHERE new = id')).toEqual([{ filled: 10 }]);
});

test('plan and status foretell which file waits for which backfill, before it is known and while it is paused', async () => {
  await filled('foretold');
  const { tell, apply, backfill } = await project('own_foretold', {
    '001_new.backfill.sql': 'UPDATE foretold SET new = old WHERE new IS NULL',
    '002_other.sql': 'CREATE TABLE foretold_other (id int);',
    '003_drop.sql': 'ALTER TABLE foretold DROP COLUMN old;',
    '004_last.sql': 'CREATE TABLE foretold_last (id int);',
  });
  const waits = async (command: 'plan' | 'status') => {
    const { stdout } = await tell(command, '--format', 'json');
    const { files, migrations } = JSON.parse(stdout) as Record<string, { path: string; waits: unknown }[] | undefined>;
    return (files ?? migrations ?? []).map((file) => [file.path.slice(11, 14), file.waits]);
  };
  const told = (state: string, how: string) => {
    const backfill = { backfill: '001_new', state };
    return [
      ['003', { ...backfill, reason: `touches public.foretold, a table of the backfill 001_new, which ${how}` }],
      ['004', { ...backfill, reason: 'comes after migrations/003_drop.sql, which waits' }],
    ];
  };
  for (const command of ['plan', 'status'] as const) {
    expect(await waits(command)).toEqual([['001', null], ['002', null], ...told('pending', 'has not run yet')]);
    expect((await tell(command)).stdout).toMatch(
      / waits for the backfill 001_new: touches public\.foretold, a table of/,
    );
  }
  expect(await apply()).toMatchObject({ code: 3 });
  expect(await backfill('pause', '001_new')).toMatchObject({ code: 0 });
  expect(await waits('plan')).toEqual([['001', null], ...told('paused', 'is paused')]);
  expect(await backfill('run', '001_new', '--resume')).toMatchObject({ code: 0 });
  expect(await waits('status')).toEqual(['001', '002', '003', '004'].map((name) => [name, null]));
});

test.each([
  ['reads', 'CREATE TABLE reads_copy AS SELECT new FROM reads;'],
  ['constrains', 'ALTER TABLE constrains ALTER COLUMN new SET NOT NULL;'],
  ['drops', 'DROP TABLE drops;'],
  ['truncates', 'TRUNCATE truncates;'],
  ['renames', 'ALTER TABLE renames RENAME COLUMN old TO older;'],
  ['refers', 'CREATE TABLE refers_to (id int REFERENCES refers (id));'],
  ['runs', 'DO $$ BEGIN ALTER TABLE runs DROP COLUMN old; END $$;'],
  ['hides', `DO $$ BEGIN EXECUTE 'ALTER TABLE hi' || 'des DROP COLUMN old'; END $$;`],
  ['looks', 'CREATE VIEW looks_view AS SELECT new FROM looks;'],
  ['joined', 'ALTER TABLE joined_rates ADD x int;'],
])('a later file waits where it %s', async (table, sql) => {
  await filled(table, table === 'joined' ? 'CREATE TABLE joined_rates (id int)' : '');
  const from = table === 'joined' ? ' FROM joined_rates r' : '';
  const { outcomes } = await project(`own_${table}`, {
    '001_new.backfill.sql': `UPDATE ${table} SET new = old${from} WHERE new IS NULL`,
    '002_next.sql': sql,
  });
  if (table === 'joined') await (await db.session()).exec('INSERT INTO joined_rates VALUES (1)');
  expect(await outcomes('--allow', 'table-rewrite: a test')).toMatchObject({
    code: 3,
    reason: 'backfill-first',
    files: ['001 registered', '002 pending'],
  });
});

test('a second backfill of the same table is not taken for done before the first has run', async () => {
  await filled('twice', 'ALTER TABLE twice ADD newer int');
  const { outcomes } = await project('own_twice', {
    '001_new.backfill.sql': 'UPDATE twice SET new = old WHERE new IS NULL',
    '002_newer.backfill.sql': 'UPDATE twice SET newer = new WHERE new IS NOT NULL AND newer IS NULL',
  });
  expect(await outcomes()).toMatchObject({ code: 3, files: ['001 registered', '002 pending'] });
  expect(await outcomes('--run-backfills')).toMatchObject({ code: 0, files: ['001 done', '002 done'] });
  const session = await db.session();
  expect(await session.query('SELECT count(*)::int AS filled FROM twice WHERE newer = id')).toEqual([{ filled: 10 }]);
});

test('with nothing that needs it all is done; an author may say so with a reason', async () => {
  await filled('free');
  const { apply, outcomes } = await project('own_free', {
    '001_new.backfill.sql': 'UPDATE free SET new = old WHERE new IS NULL',
    '002_note.sql': '-- tiptoe:does-not-require 001_new: another column\nALTER TABLE free ADD note text;',
  });
  expect(await outcomes()).toMatchObject({ code: 0, reason: null, files: ['001 registered', '002 done'] });
  const again = await apply();
  expect(again).toMatchObject({ code: 0, stdout: 'Nothing to apply. 1 backfill to be run: tiptoe backfill list.\n' });
  expect(again.stderr).toContain(
    '001_new.backfill.sql: is registered and not run yet; what needs it waits. Run it: tiptoe backfill run',
  );
});

test('a file may require a backfill whose table it does not touch', async () => {
  await filled('asked');
  const { outcomes } = await project('own_asked', {
    '001_new.backfill.sql': 'UPDATE asked SET new = old WHERE new IS NULL',
    '002_next.sql': '-- tiptoe:requires 001_new\nCREATE TABLE asked_next (id int);',
  });
  expect(await outcomes()).toMatchObject({
    code: 3,
    message:
      'migrations/002_next.sql requires the backfill 001_new, which has not run yet; it waits, and so does what comes after it.',
  });
});

test('outside of its window a backfill in its place waits and says until when; stopped there, it goes on later', async () => {
  await filled('windowed');
  const hour = new Date().getUTCHours();
  const opens = (hours: number): string => `${String((hour + hours) % 24).padStart(2, '0')}:00`;
  const { starts, outcomes } = await project('own_windowed', {
    '001_new.backfill.sql': `-- tiptoe:backfill\n-- window: ${opens(3)}-${opens(5)}\nUPDATE windowed SET new = old WHERE new IS NULL`,
    '002_next.sql': 'ALTER TABLE windowed DROP COLUMN old;',
  });
  const running = starts('--run-backfills');
  await running.waitForOutput(/001_new.*: 0 rows changed, waiting: outside of the window [\d:-]+, which opens at \S+;/);
  const session = await db.session();
  expect(await session.query('SELECT FROM windowed WHERE new IS NOT NULL')).toEqual([]);
  running.kill('SIGINT');
  const { code, stdout, stderr } = await running.finished();
  expect(code).toBe(3);
  expect(stdout + stderr).toContain('001_new');
  await session.exec(`UPDATE own_windowed.backfill SET signals = '{}' WHERE name = '001_new'`);
  expect(await outcomes('--run-backfills')).toMatchObject({ code: 0, files: ['001 done', '002 done'] });
  expect(await session.query('SELECT count(*)::int AS filled FROM windowed WHERE new = id')).toEqual([{ filled: 10 }]);
});

test('a backfill that fails in its place ends the run as failed', async () => {
  await filled('fails');
  const { outcomes } = await project('own_fails', {
    '001_new.backfill.sql': 'UPDATE fails SET new = 1 / (old - 5) WHERE new IS NULL',
    '002_next.sql': 'CREATE TABLE fails_next (id int);',
  });
  expect(await outcomes('--run-backfills')).toMatchObject({
    code: 1,
    reason: 'backfill-failed',
    files: ['001 failed', '002 pending'],
  });
});

test('a fresh database replays the whole history, and a search that takes too long is given up', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE big AS SELECT g AS id FROM generate_series(1, 20000) g');
  const { outcomes } = await project('own_fresh', {
    '001_table.sql': 'CREATE TABLE fresh (id int PRIMARY KEY, old int, new int);',
    '002_new.backfill.sql': 'UPDATE fresh SET new = (SELECT count(*) FROM big) WHERE new IS NULL',
    '003_set.sql': 'ALTER TABLE fresh ALTER COLUMN new SET NOT NULL; ALTER TABLE fresh DROP COLUMN old;',
  });
  expect(await outcomes()).toMatchObject({ code: 0, files: ['001 done', '002 done', '003 done'] });

  await filled('searched');
  const { outcomes: slowly } = await project('own_slow', {
    '001_new.backfill.sql':
      'UPDATE searched SET new = 1 WHERE (SELECT count(*) FROM big a, big b WHERE a.id + b.id = searched.id) < 0',
    '002_other.sql': 'CREATE TABLE searched_other (id int);',
  });
  expect(await slowly()).toMatchObject({ code: 0, files: ['001 registered', '002 done'] });
});

test('the config says what backfills do whose file says nothing else', async () => {
  await filled('configured');
  const { apply, backfill, configure } = await project('own_configured', {
    '001_new.backfill.sql': '-- tiptoe:backfill\n-- max-lag: 2s\nUPDATE configured SET new = old WHERE new IS NULL',
  });
  await configure({ backfill: { maxLag: '9s', maxActive: '0', signal: ['ok: SELECT true'] } });
  expect((await apply()).stderr).toContain('backfill.maxActive: is a whole number of sessions');
  await configure({ backfill: { maxLag: '9s', maxActive: '500', signal: ['ok: SELECT true'] } });
  expect(await apply()).toMatchObject({ code: 0 });
  const status = await backfill('status', '001_new', '--format', 'json');
  expect(JSON.parse(status.stdout)).toMatchObject({
    settings: { maxLagMs: 2_000, maxActive: 500, checks: ['ok: SELECT true'] },
    timeLost: [],
  });
  const set = await backfill('set', '001_new', '--max-active', 'none', '--ignore-replica', 'reports');
  expect(set.stdout).toMatch(/max-lag 2s, max-passes 3, ignore-replica reports, signal ok: SELECT true\n$/);
});
