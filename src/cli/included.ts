import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { readText } from '../migrate/discovery.ts';
import { Problem } from '../problem.ts';
import { askedFor, type Include } from '../sql/inclusion.ts';

/** The folders that files may be included from: those that were given, and those of given files. */
export function rootsOf(given: readonly string[], dir: string | undefined, cwd: string): string[] {
  const folders = [...given, ...(dir === undefined ? [] : [dir])].map((path) => {
    const absolute = path === '-' ? cwd : resolve(cwd, path);
    return existsSync(absolute) && !statSync(absolute).isDirectory() ? dirname(absolute) : absolute;
  });
  return [...new Set(folders)].filter((folder) => existsSync(folder)).map((folder) => realpathSync(folder));
}

/** Reads what `\i` names, if it lies below one of the folders; links are followed before that is decided. */
export function includer(roots: readonly string[], cwd: string): Include {
  return ({ name, from, relative: isRelative }) => {
    const beside = from === '-' ? cwd : dirname(resolve(cwd, from));
    // psql takes the others from where it was started, which a linter cannot know.
    const places = isRelative ? [beside] : [cwd, beside, ...roots];
    const found = places.map((place) => resolve(place, name)).find((path) => existsSync(path));
    if (found === undefined) return { reason: `there is no file ${name} to include` };
    const real = realpathSync(found);
    if (!roots.some((root) => real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)))
      return { reason: `${name} is not below the folder of the migrations and is not read` };
    if (!statSync(real).isFile()) return { reason: `${name} is no file` };
    const path = relative(cwd, found).split(sep).join('/');
    try {
      return { path, text: readText(real, path) };
    } catch (error) {
      if (error instanceof Problem) return { reason: error.message.replace(/\.$/, '') };
      throw error;
    }
  };
}

/** The files that none of the others runs, and the paths of what is run by them. Of files that run each other, the first stays. */
export function includedBy<File extends { readonly path: string; readonly text: string }>(
  files: readonly File[],
  include: Include,
): { top: File[]; included: readonly string[] } {
  const included = new Map<string, string>();
  const follow = (path: string, text: string, root: string): void => {
    if (!text.includes('\\i')) return;
    for (const asked of askedFor(path, text)) {
      const found = include(asked);
      if ('reason' in found) continue;
      const real = realpathSync(found.path);
      if (real === root || included.has(real)) continue;
      included.set(real, found.path);
      follow(found.path, found.text, root);
    }
  };
  const realOf = (path: string): string => (path === '-' ? path : realpathSync(path));
  for (const { path, text } of files)
    if (text.includes('\\i') && !included.has(realOf(path))) follow(path, text, realOf(path));
  const top = included.size === 0 ? [...files] : files.filter(({ path }) => !included.has(realOf(path)));
  return { top, included: [...included.values()] };
}
