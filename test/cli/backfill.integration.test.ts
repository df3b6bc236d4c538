import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { runTiptoe, startTiptoe, type TiptoeResult } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const folder = ownTemporaryDirectory();

const options = () => ({ cwd: folder.path, env: { DATABASE_URL: db.ownerUrl } });
const backfill = (...args: string[]): Promise<TiptoeResult> => runTiptoe(['backfill', ...args], options());
const start = (...args: string[]) => startTiptoe(['backfill', 'run', ...args], options());

/** Writes `migrations/NAME.backfill.sql`. */
async function file(name: string, text: string): Promise<string> {
  await mkdir(join(folder.path, 'migrations'), { recursive: true });
  await writeFile(join(folder.path, 'migrations', `${name}.backfill.sql`), text);
  return `migrations/${name}.backfill.sql`;
}

/** A table of that name with n = 0 in every row, and a backfill of that name that adds 1. */
async function counter(session: Session, name: string, header = ''): Promise<string> {
  await session.exec(`
    CREATE TABLE ${name} (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${name} SELECT generate_series(1, 300)`);
  return file(name, `${header}UPDATE ${name} SET n = n + 1`);
}

const batches = async (session: Session, name: string): Promise<number> => {
  const [row] = await session.query<{ batches: string }>(
    `SELECT batches FROM tiptoe.backfill_progress WHERE pg_catalog.to_regclass('tiptoe.backfill') IS NOT NULL AND name = $1`,
    [name],
  );
  return Number(row?.batches ?? 0);
};

const moving = (session: Session, name: string) => vi.waitUntil(async () => (await batches(session, name)) > 0, 20_000);

async function wrong(session: Session, name: string): Promise<number> {
  return (await session.query(`SELECT FROM ${name} WHERE n <> 1`)).length;
}

beforeAll(async () => {
  await file('000_books', 'DELETE FROM books');
  const session = await db.session();
  await session.exec('CREATE TABLE books (id int PRIMARY KEY)');
  const { code, stderr } = await backfill('run', '000_books');
  if (code !== 0) throw new Error(stderr);
});

test('run, by its path or its name, with its settings from the header, then the flags', async () => {
  const session = await db.session();
  const path = await counter(session, 'first', '-- tiptoe:backfill\n-- batch-size: 50\n-- max-batch-size: 100\n');
  // A batch that a busy machine holds up makes the next one no smaller.
  const flags = ['--max-batch-size', '60', '--rate', '100000', '--batch-time', '10s'];
  const { code, stdout, stderr } = await backfill('run', path, ...flags);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout:
      'first: done. 300 rows changed, 300 keys visited in 6 batches. Verified: cannot tell: the statement has no WHERE; proved by the chain of 6 checkpoints with 300 rows, from the first key to the last, unbroken.\n',
  });
  expect(stderr).toContain(
    'first: starting on public.first by (id); rate 100000 rows/s, max-wal none, batch-time 10s, batch-size 50, max-batch-size 60, max-lag 5s, max-passes 3\n',
  );
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  expect(await wrong(session, 'first')).toBe(0);
  expect(await backfill('run', 'first')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('was done before') as unknown,
  });
  expect(await wrong(session, 'first')).toBe(0);
});

describe('one after the other', () => {
  test('pause from another terminal, status, set, resume, verify', async () => {
    const session = await db.session();
    const path = await counter(session, 'steered', '-- tiptoe:backfill\n-- rate: 10\n');
    const running = start(path);
    await moving(session, 'steered');

    // Whatever holds it up on a busy machine.
    const working = await vi.waitUntil(async () => {
      const status = JSON.parse((await backfill('status', 'steered', '--format', 'json')).stdout) as { state: string };
      return status.state === 'running' && status;
    }, 20_000);
    expect(working).toMatchObject({
      name: 'steered',
      rowsTotal: 300,
      rowsTotalExact: true,
      throttledBy: null,
      lastError: null,
      runner: expect.stringContaining(` pid ${running.pid}, tiptoe `) as unknown,
    });
    for (const field of ['rowsDone', 'rowsVisited', 'batches', 'rate', 'etaSeconds', 'etaRange']) {
      expect(working).toHaveProperty(field);
    }
    expect(await backfill('pause', 'steered')).toEqual({ code: 0, stdout: 'steered: paused\n', stderr: '' });
    expect(await running.finished()).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /^steered: paused \(asked to pause\)\. .* To go on: tiptoe backfill resume steered, then tiptoe backfill run migrations\/steered\.backfill\.sql\n$/,
      ) as unknown,
    });

    expect(await backfill('set', 'steered', '--rate', 'none', '--batch-time', '50ms')).toMatchObject({
      code: 0,
      stdout:
        'steered: rate none, max-wal none, batch-time 50ms, batch-size 1000, max-batch-size 20000, max-lag 5s, max-passes 3\n',
    });
    expect(await backfill('run', path)).toEqual({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(
        /^tiptoe: The backfill steered stays paused: owner_\w+ \(tiptoe backfill\) at 20\S+Z asked for it\.\n {2}To let it go on: tiptoe backfill resume steered, then run it again; or run it with --resume\.\n$/,
      ) as unknown,
    });
    expect((await backfill('resume', 'steered')).stdout).toBe(
      'steered: may run. No process runs it. To start one: tiptoe backfill run migrations/steered.backfill.sql\n',
    );
    expect((await backfill('status')).stdout).toMatch(/^steered: paused, \d+ of 300 keys visited, \d+ rows changed\n$/);
    expect(await backfill('run', 'steered')).toMatchObject({ code: 0 });
    expect(await wrong(session, 'steered')).toBe(0);
    expect((await backfill('list')).stdout).toMatch(/^steered: succeeded, 300 of 300 keys visited, 300 rows changed$/m);
    expect((await backfill('status')).stdout).toBe('No open backfills.\n');
    expect(await backfill('verify', 'steered')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^cannot tell: the statement has no WHERE; proved by the chain of \d+ checkpoints with 300 rows, from the first key to the last, unbroken\n$/,
      ) as unknown,
    });
    expect(await backfill('pause', 'steered')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^tiptoe: The backfill steered has succeeded already, at 20/) as unknown,
    });
  });

  test('verify counts what is left', async () => {
    const session = await db.session();
    await session.exec(
      'CREATE TABLE verified (id int PRIMARY KEY, done bool); INSERT INTO verified SELECT generate_series(1, 10)',
    );
    await file('verified', 'UPDATE verified SET done = true WHERE done IS NULL');
    expect((await backfill('run', 'verified', '--quiet')).stderr).toBe('');
    expect(await backfill('verify', 'verified')).toMatchObject({ code: 0, stdout: 'proved\n' });
    await session.exec('INSERT INTO verified VALUES (0), (-1), (11)');
    expect(await backfill('verify', 'verified')).toMatchObject({ code: 1, stdout: 'left: 3\n' });
    const { code, stdout } = await backfill('verify', 'verified', '--format', 'json');
    expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({
      code: 1,
      version: 1,
      name: 'verified',
      verified: 'left: 3',
      upkeep: expect.objectContaining({ table: 'public.verified', command: null }) as unknown,
      cameMeanwhile: null,
    });
  });
});

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s pauses after the batch, and running again goes on', async (signal) => {
    const session = await db.session();
    const name = `by_${signal.toLowerCase()}`;
    const path = await counter(session, name);
    const running = start(path, '--rate', '20', '--format', 'json');
    await moving(session, name);
    running.kill(signal);
    const { code, stdout } = await running.finished();
    expect(code).toBe(3);
    const result = JSON.parse(stdout) as { rowsDone: number };
    expect(result).toMatchObject({ version: 1, name, outcome: 'paused', verified: null });
    expect(result.rowsDone).toBe(300 - (await wrong(session, name)));
    expect(await backfill('run', path, '--rate', 'none')).toMatchObject({ code: 0 });
    expect(await wrong(session, name)).toBe(0);
  });

  test('a second Ctrl-C cancels the batch, and nothing of it stays', async () => {
    const [session, other] = [await db.session(), await db.session()];
    const path = await counter(session, 'twice');
    await other.exec('BEGIN; UPDATE twice SET n = n WHERE id = 10');
    const running = start(path, '--batch-time', '1min');
    await vi.waitUntil(
      async () =>
        (
          await session.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'tiptoe backfill twice'`,
          )
        ).length > 0,
      20_000,
    );
    running.kill('SIGINT');
    await running.waitForOutput(/Ctrl-C again cancels the batch/);
    running.kill('SIGINT');
    expect(await running.finished()).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^twice: paused \(the batch was cancelled\)\. 0 rows changed/) as unknown,
    });
    await other.exec('ROLLBACK');
    expect(await wrong(session, 'twice')).toBe(300);
  });
});

describe('a batch that takes longer than anyone waits', () => {
  const slow = async (session: Session, name: string) => {
    await counter(session, name);
    return file(name, `UPDATE ${name} SET n = n + 1 WHERE pg_sleep(0.1) IS NOT NULL`);
  };
  const asleep = (session: Session, name: string) =>
    vi.waitUntil(
      async () =>
        (
          await session.query(
            `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'tiptoe backfill ${name}'`,
          )
        ).length > 0,
      20_000,
    );

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s cancels it after a while', async (signal) => {
    const session = await db.session();
    const name = `slow_${signal.toLowerCase()}`;
    const running = start(await slow(session, name), '--batch-time', '1min');
    await asleep(session, name);
    running.kill(signal);
    expect(await running.finished()).toMatchObject({
      code: 3,
      stdout: expect.stringContaining(`${name}: paused (the batch was cancelled). 0 rows changed`) as unknown,
      stderr: expect.stringContaining(`${signal}: pausing after this batch.`) as unknown,
    });
    expect(await wrong(session, name)).toBe(300);
  });

  test('a second SIGTERM cancels it at once', async () => {
    const session = await db.session();
    const running = start(await slow(session, 'slow_twice'), '--batch-time', '1min');
    await asleep(session, 'slow_twice');
    running.kill('SIGTERM');
    await running.waitForOutput(/pausing after/);
    running.kill('SIGTERM');
    expect(await running.finished()).toMatchObject({ code: 3 });
    expect(await wrong(session, 'slow_twice')).toBe(300);
  });
});

test('killed, it says so, and running it again goes on', async () => {
  const session = await db.session();
  const path = await counter(session, 'killed');
  const running = start(path, '--rate', '20');
  await moving(session, 'killed');
  running.kill('SIGKILL');
  expect(await running.finished()).toMatchObject({ code: null });
  await vi.waitUntil(
    async () => (await backfill('status', 'killed')).stdout.startsWith('killed: running, but its process is gone'),
    20_000,
  );
  expect(await backfill('run', path, '--rate', 'none')).toMatchObject({ code: 0 });
  expect(await wrong(session, 'killed')).toBe(0);
});

test('a second process waits for the first, then leaves with exit code 3', async () => {
  const session = await db.session();
  const path = await counter(session, 'shared');
  const first = start(path, '--rate', '5');
  await moving(session, 'shared');
  expect(await backfill('run', path, '--wait-for-runner', '300ms')).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(
      /^tiptoe: Another tiptoe holds 'backfill shared' since .* pid \d+, tiptoe .* \(waited 0 s\)\.$/m,
    ) as unknown,
  });
  const second = start(path);
  await second.waitForOutput(/waiting for another process/);
  second.kill('SIGINT');
  const { code, stderr } = await second.finished();
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('Stopping; ') as unknown });
  expect(stderr).not.toContain('batch.');
  first.kill('SIGTERM');
  expect(await first.finished()).toMatchObject({ code: 3 });
  expect(await backfill('cancel', path)).toMatchObject({ code: 0, stdout: 'shared: cancelled\n' });
  expect((await backfill('status', 'shared')).stdout).toContain(
    `To let it go on: tiptoe backfill resume shared, then tiptoe backfill run ${path}\n`,
  );
});

test('status --watch follows it to its end, and log tells who asked what', async () => {
  const session = await db.session();
  const path = await counter(session, 'watched');
  const running = start(path, '--rate', '20');
  await moving(session, 'watched');
  const watching = (...args: string[]) => startTiptoe(['backfill', 'status', 'watched', '--watch', ...args], options());
  const [lines, words] = [watching('--format', 'ndjson'), watching()];
  await lines.waitForOutput(/"state":"running"/);
  await words.waitForOutput(/^watched: running, /m);
  expect(await backfill('pause', 'watched')).toMatchObject({ code: 0 });
  expect(await running.finished()).toMatchObject({ code: 3 });
  await lines.waitForOutput(/"state":"paused","desiredState":"paused"/);
  expect(await backfill('run', path, '--resume', '--rate', 'none')).toMatchObject({ code: 0 });
  const { code, stdout } = await lines.finished();
  const seen = stdout.trimEnd().split('\n');
  expect({ code, last: JSON.parse(seen.at(-1) ?? '') as unknown }).toEqual({
    code: 0,
    last: expect.objectContaining({ name: 'watched', state: 'succeeded', rowsDone: 300, runner: null }) as unknown,
  });
  const told = await words.finished();
  expect(told).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^watched: paused, .*\n(?:.*\n)*watched: succeeded, 300 of 300 keys visited, 300 rows changed\n$/m,
    ) as unknown,
  });
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  expect(told.stdout).not.toMatch(/\u001b/);

  const log = (await backfill('log', 'watched', '--last', '7')).stdout;
  expect(log.replaceAll(/^\S+ {2}owner_\w+ /gm, '')).toMatch(
    /\(tiptoe backfill\) {2}desired_state: running to paused\n(?:.*\n)*\(tiptoe backfill watched\) {2}desired_state: paused to running\n(?:.*\n)*\(tiptoe backfill watched\) {2}state: running to succeeded\n$/,
  );
  const { log: entries } = JSON.parse((await backfill('log', 'watched', '--format', 'json')).stdout) as {
    log: unknown[];
  };
  expect(entries.at(-1)).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
    who: db.ownerRole,
    application: 'tiptoe backfill watched',
    what: 'state: running to succeeded',
  });
});

test('events as lines for programs', async () => {
  const session = await db.session();
  const path = await counter(session, 'events');
  const { code, stdout, stderr } = await backfill('run', path, '--format', 'ndjson', '--quiet');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { at: string; event: string })
    // Other tests on the same server may hold it up for a moment.
    .filter(({ event }) => !/^(?:un)?throttled$|^figures$/.test(event));
  expect(events.map(({ event }) => event)).toEqual(['started', 'progress', 'finished']);
  for (const { at } of events) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(events[1]).toMatchObject({ state: 'running', rowsDone: 300, rowsVisited: 300, batches: 1, batchRows: 300 });
  expect(events[2]).toMatchObject({
    outcome: 'succeeded',
    verified: 'cannot tell: the statement has no WHERE',
    chain: { unbroken: true, checkpoints: 1, rows: 300 },
  });
});

describe('one line, and what to do next, for', () => {
  test.each([
    [
      ['run', 'migrations/nothing.backfill.sql'],
      /^tiptoe: There is no file migrations\/nothing\.backfill\.sql\.\n {2}Check the path\.\n$/,
    ],
    [
      ['run', '000_book'],
      /^tiptoe: There is no backfill 000_book, neither a file nor in tiptoe\.backfill\.\n {2}Did you mean 000_books\?\n$/,
    ],
    [['run', '000_books', '--rate', '0'], /^tiptoe: --rate is more than 0 rows per second, .*; not '0'\.\n$/],
    [
      ['run', '000_books', '--batch-time', 'soon'],
      /^tiptoe: --batch-time is a duration from 1ms to 1min, such as 250ms; not 'soon'\.\n$/,
    ],
    [
      ['run', '000_books', '--key', '1,2'],
      /^tiptoe: --key takes one column or several, comma-separated; not '1,2'\.\n$/,
    ],
    [
      ['run', 'plain.sql'],
      /^tiptoe: plain\.sql is not a backfill: its name does not end in \.backfill\.sql\.\n {2}Rename it, or/,
    ],
    [
      ['run', '900_two'],
      /^tiptoe: migrations\/900_two\.backfill\.sql has 2 statements \(lines 1, 2\); a backfill is exactly one/,
    ],
    [
      ['run', '901_setting'],
      /^tiptoe: migrations\/901_setting\.backfill\.sql: line 2: unknown setting rates, did you mean rate\?\.\n/,
    ],
    [['status', 'nobody'], /^tiptoe: The database test_\w+ knows no backfill nobody\.\n {2}It knows .*000_books/],
    [
      ['resume', 'migrations/000_book.backfill.sql'],
      /^tiptoe: The database test_\w+ knows no backfill 000_book\.\n {2}Did you mean 000_books\?\n$/,
    ],
    [['log', 'nobody'], /^tiptoe: The database test_\w+ knows no backfill nobody\./],
    [['log', '000_books', '--last', '0'], /^tiptoe: --last is a number of lines, such as 20; not '0'\.\n$/],
    [
      ['status', '--watch', '--format', 'json'],
      /^tiptoe: --format json is one document at an end, and --watch has none\.\n {2}Use --format ndjson, a line for each change\.\n$/,
    ],
    [['status', 'nobody', '--watch'], /^tiptoe: The database test_\w+ knows no backfill nobody\./],
    [['pause', 'nobody'], /^tiptoe: The database test_\w+ knows no backfill nobody\./],
    [
      ['set', '000_books'],
      /^tiptoe: Nothing to set is given\.\n {2}For example: tiptoe backfill set 000_books --rate 5000\n$/,
    ],
    [['run', '000_books', '--raet', '5'], /^tiptoe: unknown option '--raet'/],
  ])('backfill %j', async (args, message) => {
    await writeFile(join(folder.path, 'plain.sql'), 'DELETE FROM books');
    await file('900_two', 'DELETE FROM books;\nDELETE FROM books');
    await file('901_setting', '-- tiptoe:backfill\n-- rates: 5\nDELETE FROM books');
    const { code, stdout, stderr } = await backfill(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

test('a role that may not use the tables is told which GRANTs it needs; with them it can steer', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec(`CREATE ROLE dba_${db.name} LOGIN PASSWORD 'x'`);
  const url = new URL(db.ownerUrl);
  url.username = `dba_${db.name}`;
  url.password = 'x';
  try {
    const session = await db.session();
    await counter(session, 'by_dba');
    const running = start('by_dba', '--rate', '5');
    await moving(session, 'by_dba');
    const pause = () =>
      runTiptoe(['backfill', 'pause', 'by_dba'], { cwd: folder.path, env: { DATABASE_URL: url.href } });
    const { code, stderr } = await pause();
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^tiptoe: Role dba_\w+ may not use tiptoe's tables in schema tiptoe: permission denied for schema tiptoe\.\n/,
    );
    for (const grant of stderr.match(/GRANT [^;]+;/g) ?? []) await session.exec(grant);
    expect(await pause()).toMatchObject({ code: 0, stdout: 'by_dba: paused\n' });
    expect(await running.finished()).toMatchObject({ code: 3 });
    const [event] = await session.query(
      `SELECT who, application FROM tiptoe.backfill_event WHERE backfill = 'by_dba' AND what = 'desired_state: running to paused'`,
    );
    expect(event).toEqual({ who: `dba_${db.name}`, application: 'tiptoe backfill' });
  } finally {
    await admin.exec(`DROP OWNED BY dba_${db.name}; DROP ROLE dba_${db.name}`);
  }
});
