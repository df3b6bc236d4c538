import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from '../frameworks/framework.ts';

/** A config or a list of migrations; what is larger is something else. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A folder of this machine, read when it is asked for. What cannot be read is told, and not there: it only says which tool is used. */
export function openRepository(root: string, tell: (path: string, why: string) => void = () => undefined): Repository {
  const lists = new Map<string, readonly string[]>();
  const texts = new Map<string, string | null>();
  return {
    list: (folder) => remembered(lists, folder, () => listOf(join(root, folder))),
    read: (path) => remembered(texts, path, () => textOf(join(root, path), (why) => tell(path, why))),
    tell,
  };
}

function remembered<Value>(known: Map<string, Value>, key: string, ask: () => Value): Value {
  const value = known.get(key) ?? ask();
  known.set(key, value);
  return value;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const isFolder = entry.isSymbolicLink() ? isFolderAt(join(folder, entry.name)) : entry.isDirectory();
      return isFolder ? `${entry.name}/` : entry.name;
    });
  } catch {
    return [];
  }
}

function isFolderAt(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function textOf(path: string, tell: (why: string) => void): string | null {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MAX_BYTES ? readFileSync(path, 'utf8') : null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') tell(`cannot be read (${code}), and tells of no migration tool`);
    return null;
  }
}
