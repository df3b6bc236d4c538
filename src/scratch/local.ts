import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runAs, serverAccount } from './account.ts';
import { startCluster } from './cluster.ts';
import type { RunningServer, ScratchRequest, ScratchSource, Unavailable } from './source.ts';
import { OLDEST_VERSION } from './source.ts';

/** A PostgreSQL that is installed on this machine; its own clusters are not touched. */
export const local: ScratchSource = { name: 'local', start };

interface Installation {
  readonly binDir: string;
  readonly version: number;
}

async function start(request: ScratchRequest): Promise<RunningServer | Unavailable> {
  const installations = await findInstallations();
  if (installations.length === 0) return { unavailable: 'no PostgreSQL server is installed' };

  const newest = installations
    .filter(({ version }) => version >= OLDEST_VERSION && (request.version ?? version) === version)
    .sort((a, b) => b.version - a.version)[0];
  if (newest === undefined) {
    const versions = new Set(installations.map(({ version }) => version));
    return { unavailable: `PostgreSQL ${[...versions].join(', ')} is installed` };
  }
  return startCluster({ binDir: newest.binDir }, await serverAccount(), request);
}

async function findInstallations(): Promise<readonly Installation[]> {
  const binDirs = new Set(
    (
      await Promise.all([
        versionedDirs('/usr/lib/postgresql', 'bin'),
        versionedDirs('/opt/homebrew/opt', 'bin', 'postgresql@'),
        versionedDirs('/usr/local/opt', 'bin', 'postgresql@'),
        versionedDirs('C:/Program Files/PostgreSQL', 'bin'),
        configuredDir(),
      ])
    ).flat(),
  );
  const found = await Promise.all([...binDirs].map(readInstallation));
  return found.filter((installation) => installation !== undefined);
}

async function versionedDirs(parent: string, child: string, prefix = ''): Promise<readonly string[]> {
  try {
    const names = await readdir(parent);
    return names.filter((name) => name.startsWith(prefix)).map((name) => join(parent, name, child));
  } catch {
    return [];
  }
}

/** What the PATH leads to. */
async function configuredDir(): Promise<readonly string[]> {
  try {
    return [(await runAs(undefined, 'pg_config', ['--bindir'])).trim()];
  } catch {
    return [];
  }
}

async function readInstallation(binDir: string): Promise<Installation | undefined> {
  try {
    const output = await runAs(await serverAccount(), join(binDir, 'postgres'), ['--version']);
    const version = /PostgreSQL\)? (\d+)/.exec(output)?.[1];
    return version === undefined ? undefined : { binDir, version: Number(version) };
  } catch {
    return undefined;
  }
}
