import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** What tests fetch is kept here between runs: TIPTOE_CACHE, else the user's cache directory. */
function cacheRoot(): string {
  const { TIPTOE_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  return own || join(xdg || join(homedir(), '.cache'), 'tiptoe');
}

/** A directory of the cache, filled by `fill` unless it is there; it appears whole or not at all, also with several processes at work. */
export async function cachedDirectory(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(cacheRoot(), name);
  if (await exists(directory)) return directory;
  const unfinished = `${directory}.${randomBytes(5).toString('hex')}`;
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(unfinished);
  try {
    await fill(unfinished);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process was first.
    if (!(await exists(directory))) throw error;
  }
  return directory;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
