import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/**
 * How the repository calls a path that is relative to the working directory: annotations and code scanning look from the repository's root. A
 * path outside of it becomes absolute.
 */
export function repositoryPath(): (path: string) => string {
  const cwd = process.cwd();
  const root = rootAbove(cwd) ?? cwd;
  return (path) => {
    if (path === '-') return path;
    const absolute = resolve(cwd, path);
    const inside = relative(root, absolute);
    const shown = inside.startsWith('..') || isAbsolute(inside) ? absolute : inside;
    return shown.split(sep).join('/');
  };
}

/** The nearest folder upwards with a repository in it. */
function rootAbove(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}
