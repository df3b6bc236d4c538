import type { Dirent } from 'node:fs';
import { chmod, constants, copyFile, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * npm packages cannot hold symbolic links: the package lists them and makes them in its install script, which npm
 * may not have run. Returns whether all of them exist now; safe beside other processes that do the same.
 */
export async function linkLibraries(native: string): Promise<boolean> {
  let linked = true;
  for (const { source, target } of await listedLinks(native)) {
    const link = join(native, '..', target);
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) linked = false;
    }
  }
  return linked;
}

interface LibraryLink {
  /** Both relative to the package, and in one folder. */
  readonly source: string;
  readonly target: string;
}

async function listedLinks(native: string): Promise<readonly LibraryLink[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as LibraryLink[];
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Copies the package's programs to where everybody can read and run them, without what only a compiler needs. */
export async function copyNative(source: string, target: string): Promise<void> {
  await copyTree(source, target);
  await linkLibraries(target);
}

async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target);
  await chmod(target, 0o755);
  const entries = await readdir(source, { withFileTypes: true });
  await Promise.all(entries.map((entry) => copyEntry(entry, join(source, entry.name), join(target, entry.name))));
}

async function copyEntry(entry: Dirent, source: string, target: string): Promise<void> {
  if (entry.isDirectory()) return copyTree(source, target);
  if (entry.isSymbolicLink()) return symlink(await readlink(source), target);
  if (entry.name.endsWith('.a')) return;
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, basename(dirname(target)) === 'bin' ? 0o755 : 0o644);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
