import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { belongs, type Found } from '../frameworks/arrange.ts';
import type { Framework, Repository, SeenFile, Site } from '../frameworks/framework.ts';
import { frameworks } from '../frameworks/list.ts';
import { openRepository } from './repository.ts';

/** The migration tool of a repository. */
export interface Tool extends Found {
  /** The real folder that the site's paths begin at. */
  readonly root: string;
}

/** What may be asked for in place of a tool's name: whichever is found, or none. */
export const AUTO = 'auto';
export const NONE = 'none';

/**
 * Looks for the tool of a repository by its files: from the working directory, and for paths that lie elsewhere from the folders above them.
 * With paths, only a tool whose migrations are among them counts. What might have told of one and cannot is told.
 */
export function detectTool(
  cwd: string,
  paths: readonly string[],
  wanted: string,
  tell: (line: string) => void = () => undefined,
): Tool | null {
  if (wanted === NONE) return null;
  const only = frameworks.find(({ name }) => name === wanted) ?? null;
  const candidates = only === null ? frameworks : [only];
  const real = paths.filter((path) => path !== '-').map((path) => realOrNot(resolve(cwd, path)));
  for (const root of rootsOf(realOrNot(cwd), real)) {
    const repository = openRepository(root, (path, why) => tell(`${relative(cwd, join(root, path))} ${why}.`));
    for (const framework of candidates) {
      const site = framework.detect(repository);
      if (site === null || !(paths.length === 0 ? hasSql(repository, site) : isAmong(site, root, real))) continue;
      return { framework, site, repository, root };
    }
  }
  return only === null ? null : asToldTo(only, cwd, real);
}

/** How deep, and in how many folders, is looked for packages that have a tool of their own. */
const PACKAGES = { depth: 3, folders: 2_000 };

/** The tools of the packages below a folder that has none itself. */
export function detectBelow(cwd: string): Tool[] {
  const tools: Tool[] = [];
  let left = PACKAGES.folders;
  const look = (root: string, depth: number): void => {
    const repository = openRepository(root);
    for (const name of repository.list('')) {
      if (!name.endsWith('/') || name.startsWith('.') || name === 'node_modules/' || left === 0) continue;
      left -= 1;
      const folder = join(root, name.slice(0, -1));
      const tool = detectTool(folder, [], AUTO);
      if (tool !== null) tools.push(tool);
      else if (depth > 1) look(folder, depth - 1);
    }
  };
  look(realOrNot(cwd), PACKAGES.depth);
  return tools;
}

/** A tool that was asked for, wherever its migrations are. */
function asToldTo(framework: Framework, cwd: string, paths: readonly string[]): Tool {
  const root = realOrNot(cwd);
  return at(framework, root, paths, '--framework');
}

/** A tool whose migrations are at or below these real paths. */
function at(framework: Framework, cwd: string, paths: readonly string[], by: string): Tool {
  const folders = paths.map((path) => (isFolder(path) ? path : dirname(path)));
  const root = folders.every((path) => isBelow(cwd, path)) ? cwd : (folders[0] ?? cwd);
  const dirs = folders.map((path) => inRepository(root, path));
  return { framework, site: { dirs: dirs.length === 0 ? [''] : dirs, by }, repository: openRepository(root), root };
}

/** Recognises the tool by the migrations themselves. */
export function recogniseTool(cwd: string, files: readonly (SeenFile & { readonly real: string })[]): Tool | null {
  const framework = frameworks.find(({ recognise }) => recognise?.(files) === true);
  if (framework === undefined) return null;
  const folders = new Set(files.flatMap(({ real }) => (real === '-' ? [] : [dirname(real)])));
  return at(framework, realOrNot(cwd), [...folders], 'the migrations');
}

/** The repository's root is the folder itself, or one above a path, up to where the repository ends. */
function rootsOf(cwd: string, paths: readonly string[]): Set<string> {
  const roots = new Set([cwd]);
  for (const path of paths) {
    for (let folder = isFolder(path) ? path : dirname(path); ; folder = dirname(folder)) {
      roots.add(folder);
      if (existsSync(join(folder, '.git')) || dirname(folder) === folder || folder === cwd) break;
    }
  }
  return roots;
}

function hasSql(repository: Repository, { dirs }: Site): boolean {
  const look = (folder: string, depth: number): boolean =>
    repository
      .list(folder)
      .some((name) =>
        name.endsWith('/') ? depth > 0 && look(`${folder}/${name.slice(0, -1)}`, depth - 1) : /\.sql$/i.test(name),
      );
  return dirs.some((dir) => /\.sql$/i.test(dir) || look(dir, 3));
}

/** Whether a path lies in a folder of migrations, or has one below it. */
function isAmong(site: Site, root: string, paths: readonly string[]): boolean {
  return paths.some((path) => {
    const inside = isBelow(root, path) ? inRepository(root, path) : null;
    if (inside !== null && belongs(site, inside)) return true;
    return site.dirs.some((dir) => isBelow(path, join(root, dir)));
  });
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way.startsWith('..') || resolve(way) === way);
}

/** A real path as the repository calls it. */
export function inRepository(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function realOrNot(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
