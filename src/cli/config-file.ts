import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { Problem } from '../problem.ts';

/** How a config is written; `package` is the key `tiptoe` of a package.json. */
export type ConfigKind = 'json' | 'jsonc' | 'yaml' | 'code' | 'package';

export interface ConfigFile {
  readonly path: string;
  /** From the working directory, as a person would write it. */
  readonly shown: string;
  readonly kind: ConfigKind;
}

const KINDS: Readonly<Record<string, ConfigKind>> = {
  '.json': 'json',
  '.jsonc': 'jsonc',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.ts': 'code',
  '.mts': 'code',
  '.cts': 'code',
  '.js': 'code',
  '.mjs': 'code',
  '.cjs': 'code',
};

/** The file that `--config` names. */
export function namedConfig(given: string): ConfigFile {
  const path = resolve(given);
  const kind = basename(path) === 'package.json' ? 'package' : KINDS[extname(path)];
  if (kind !== undefined) return { path, shown: shownPath(path), kind };
  throw new Problem(`${given} is no config file that tiptoe reads.`, {
    advice: 'Its name ends in .json, .jsonc, .yaml, .yml, .ts or .js.',
  });
}

/**
 * The config of files and folders: the nearest one upwards from each, at most at the root of its repository. Null where there is none; files
 * with different ones cannot be read as one history.
 */
export function findConfig(from: readonly string[]): ConfigFile | null {
  const [first, ...others] = [...new Set(from.map(folderOf))].map((folder) => ({ folder, file: findUpwards(folder) }));
  if (first === undefined) return null;
  const other = others.find(({ file }) => file?.path !== first.file?.path);
  if (other === undefined) return first.file;
  const told = [first, other].map(({ folder, file }) => `${shownPath(folder)} ${file?.shown ?? 'none'}`);
  throw new Problem(`the files have different configs: ${told.join(', ')}.`, {
    advice: 'Name one with --config, or run tiptoe once for each.',
  });
}

function folderOf(path: string): string {
  if (path === '-') return process.cwd();
  const absolute = resolve(path);
  return statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true ? absolute : dirname(absolute);
}

function findUpwards(from: string): ConfigFile | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const [file, other] = configsIn(folder);
    if (file !== undefined && other !== undefined) {
      throw new Problem(`${file.shown} and ${other.shown} both hold a config.`, {
        advice: 'Keep one of them, or name one with --config.',
      });
    }
    if (file !== undefined) return file;
    // A file in a work tree or a submodule.
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return null;
  }
}

function configsIn(folder: string): ConfigFile[] {
  const files = Object.entries(KINDS).flatMap(([extension, kind]) => {
    const path = join(folder, `tiptoe.config${extension}`);
    return existsSync(path) ? [{ path, shown: shownPath(path), kind }] : [];
  });
  const path = join(folder, 'package.json');
  return hasKey(path) ? [...files, { path, shown: shownPath(path), kind: 'package' }] : files;
}

function hasKey(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  // Most have no such word in them, and need not be parsed.
  if (!text.includes('"tiptoe"')) return false;
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof content === 'object' && content !== null && Object.hasOwn(content, 'tiptoe');
  } catch (error) {
    throw new Problem(`${shownPath(path)} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, {
      advice: 'Correct the file.',
      cause: error,
    });
  }
}

function shownPath(path: string): string {
  return relative(process.cwd(), path).split(sep).join('/') || '.';
}
