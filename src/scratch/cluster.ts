import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { runAs } from './account.ts';
import type { Keeper } from './keeper.ts';
import { startKeeper } from './keeper.ts';
import { copyNative } from './native-package.ts';
import type { RunningServer, ScratchRequest, Unavailable } from './source.ts';
import { NOT_DURABLE } from './source.ts';

const PORT_TRIES = 5;

/** Where PostgreSQL's programs lie. */
export interface Programs {
  readonly binDir: string;
  /** A package to copy into the server's own directory first, because the account cannot run it in its place. */
  readonly copyFrom?: string;
}

/** Makes a new cluster in a temporary directory of its own and starts it on a free port of 127.0.0.1. */
export async function startCluster(
  programs: Programs,
  account: Account | undefined,
  request: ScratchRequest,
): Promise<RunningServer | Unavailable> {
  const { signal } = request;
  const server = await hostServer(programs, account, async (cluster) => {
    const password = await initialise(cluster, account);
    await configure(cluster.dataDir, request);
    return `postgres:${password}`;
  });
  if (signal?.aborted === true && 'stop' in server) await server.stop();
  signal?.throwIfAborted();
  return server;
}

/** A server's own directory, where `prepare` puts its data, and what runs its programs. */
export interface Cluster {
  readonly keeper: Keeper;
  readonly binDir: string;
  /** Does not exist yet; the folder above it belongs to the server's account. */
  readonly dataDir: string;
  readonly log: string;
}

/**
 * Starts a server on a free port of 127.0.0.1 over the data that `prepare` puts into a new temporary directory. `prepare` returns a
 * superuser and its password, as they stand in a URL.
 */
export async function hostServer(
  programs: Programs,
  account: Account | undefined,
  prepare: (cluster: Cluster) => Promise<string>,
): Promise<RunningServer | Unavailable> {
  const directory = await makeDirectory(account);
  if (directory === undefined) return { unavailable: 'the user nobody cannot enter the temporary directory' };

  const serverDir = join(directory, 'server');
  const dataDir = join(serverDir, 'data');
  const log = join(serverDir, 'log');
  const binDir = programs.copyFrom === undefined ? programs.binDir : join(directory, 'native', 'bin');
  const keeper = startKeeper({ directory, log, pgCtl: join(binDir, 'pg_ctl'), dataDir, account });
  try {
    if (programs.copyFrom !== undefined) await copyNative(programs.copyFrom, join(directory, 'native'));
    await makeServerDir(serverDir, log, account);
    const cluster: Cluster = { keeper, binDir, dataDir, log };
    const superuser = await prepare(cluster);
    const port = await startOnFreePort(cluster);
    return { url: `postgres://${superuser}@127.0.0.1:${port}/postgres`, binDir, dataDir, stop: () => keeper.stop() };
  } catch (error) {
    await keeper.stop();
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The outer directory stays ours, so that the server's account cannot swap what we run or remove as root; the
 * account may only pass through. Undefined when no temporary directory lets it.
 */
async function makeDirectory(account: Account | undefined): Promise<string | undefined> {
  for (const base of new Set(account ? [tmpdir(), '/tmp', '/var/tmp'] : [tmpdir()])) {
    const directory = await mkdtemp(join(base, 'tiptoe-'));
    if (!account) return directory;
    await chmod(directory, 0o711);
    try {
      await runAs(account, 'ls', ['-d', join(directory, '.')]);
      return directory;
    } catch {
      await rm(directory, { recursive: true });
    }
  }
  return undefined;
}

/** Makes the account's own part of the directory. */
async function makeServerDir(serverDir: string, log: string, account: Account | undefined): Promise<void> {
  await mkdir(serverDir, { mode: 0o700 });
  await writeFile(log, '', { mode: 0o600 });
  await giveTo(account, log, serverDir);
}

async function giveTo(account: Account | undefined, ...paths: readonly string[]): Promise<void> {
  if (account) await Promise.all(paths.map((path) => chown(path, account.uid, account.gid)));
}

/** Returns the superuser's password. */
async function initialise({ keeper, binDir, dataDir, log }: Cluster, account: Account | undefined): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const passwordFile = join(dataDir, '..', 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveTo(account, passwordFile);
  const code = await keeper.run(join(binDir, 'initdb'), [
    `--pgdata=${dataDir}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  if (code !== 0) throw new Error(`initdb failed: ${await whatItSaid(log)}`);
  await rm(passwordFile);
  return password;
}

async function configure(dataDir: string, { settings, durable }: ScratchRequest): Promise<void> {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: '100',
    ...(durable ? {} : NOT_DURABLE),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(dataDir, 'postgresql.conf'), lines.join(''));
}

/** Another process may take the port between our look and the server's start: then look again. */
async function startOnFreePort({ keeper, binDir, dataDir, log }: Cluster): Promise<number> {
  const start = ['start', '-w', '-t', '60', '-D', dataDir, '-l', log];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const code = await keeper.run(join(binDir, 'pg_ctl'), [...start, '-o', `-p ${port}`]);
    if (code === 0) return port;
    const output = await readFile(log, 'utf8');
    if (attempt === PORT_TRIES || !/could not bind/.test(output)) {
      throw new Error(`the server did not start: ${await whatItSaid(log)}`);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The last two messages of the log: the error, and often its reason before it. */
async function whatItSaid(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8'))
    .split('\n')
    .map((line) => line.replace(/^\S+ \S+ \w+ \[\d+\] /, '').trim());
  const messages = lines.filter((line) => /(?:error|LOG|FATAL|PANIC): /.test(line)).slice(-2);
  return messages.length === 0 ? 'it said nothing' : messages.join('; ');
}
