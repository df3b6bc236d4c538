import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runTiptoe, startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const folder = ownTemporaryDirectory();
const options = () => ({ cwd: folder.path, env: { DATABASE_URL: db.ownerUrl } });

beforeAll(async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE watched (id int PRIMARY KEY, n int);
    INSERT INTO watched SELECT generate_series(1, 400);
    CREATE TABLE big (id int PRIMARY KEY, n int, text text);
    ALTER TABLE big ALTER text SET STORAGE PLAIN;
    INSERT INTO big SELECT i, NULL, repeat('x', 2000) FROM generate_series(1, 12345) i`);
  await mkdir(join(folder.path, 'migrations'));
  for (const table of ['watched', 'big'])
    await writeFile(
      join(folder.path, 'migrations', `${table}.backfill.sql`),
      `UPDATE ${table} SET n = 1 WHERE n IS NULL`,
    );
});

test('--metrics-port serves Prometheus text while a backfill runs', async () => {
  const running = startTiptoe(['backfill', 'run', 'watched', '--rate', '100', '--metrics-port', '0'], options());
  const [, url = ''] = await running.waitForOutput(/metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)\n/);
  await running.waitForOutput(/rows changed, /);
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  const sample = (name: string): number => {
    const [, figure] = new RegExp(`^tiptoe_backfill_${name} (\\S+)$`, 'm').exec(text) ?? [];
    return Number(figure);
  };
  const changed = sample('rows_changed_total{backfill="watched"}');
  expect(changed).toBeGreaterThan(0);
  expect(changed).toBeLessThan(400);
  expect(sample('keys_visited_total{backfill="watched"}')).toBe(changed);
  expect(sample('keys{exact="true",backfill="watched"}')).toBe(400);
  expect(
    sample('state{state="running",backfill="watched"}') + sample('state{state="throttled",backfill="watched"}'),
  ).toBe(1);
  expect(sample('state{state="paused",backfill="watched"}')).toBe(0);
  expect(sample('batch_duration_seconds_count{backfill="watched"}')).toBe(sample('batches_total{backfill="watched"}'));
  expect(sample('last_batch_timestamp_seconds{backfill="watched"}')).toBeGreaterThan(Date.now() / 1000 - 60);
  expect(sample('dead_rows{backfill="watched"}')).toBeGreaterThanOrEqual(0);
  // No standby, no lag.
  expect(text).not.toMatch(/^tiptoe_backfill_replica_lag_seconds\{/m);
  const lines = text.split('\n').filter((line) => line !== '');
  for (const line of lines) expect(line).toMatch(/^(?:# (?:HELP|TYPE) )?tiptoe_backfill_/);
  expect((await fetch(new URL('/', url))).status).toBe(404);
  expect(await running.finished()).toMatchObject({ code: 0 });
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('a port that is taken, or none at all, is one line, and nothing is begun', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  try {
    expect(await runTiptoe(['backfill', 'run', 'big', '--metrics-port', String(port)], options())).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^tiptoe: --metrics-port: listen EADDRINUSE: [^\n]+\.\n {2}Choose another port[^\n]+\n$/,
      ) as unknown,
    });
  } finally {
    taken.close();
  }
  expect(await runTiptoe(['backfill', 'run', 'big', '--metrics-port', '99999'], options())).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^tiptoe: '99999' is not a port\.\n/) as unknown,
  });
});

test('--exact-total counts a table that would only be estimated', async () => {
  const run = (...more: string[]) =>
    runTiptoe(['backfill', 'run', 'big', '--format', 'ndjson', '--quiet', ...more], options());
  const { code, stdout } = await run('--exact-total', '--rate', '8000');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(0);
  expect(lines.find(({ event }) => event === 'progress')).toMatchObject({
    rowsTotal: 12_345,
    rowsTotalExact: true,
    averageRate: expect.any(Number) as unknown,
  });
  expect(lines.find(({ event }) => event === 'figures')).toMatchObject({
    replicaLagMs: null,
    deadRows: expect.any(Number) as unknown,
    timeLost: [],
  });
});
