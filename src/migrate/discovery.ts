import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Problem } from '../problem.ts';
import { decodeUtf8, notUtf8 } from '../utf8.ts';
import { inMigrationOrder, readFileName } from '../frameworks/name.ts';
import { upSection } from '../frameworks/sections.ts';
import type { Fills } from '../sql/fills.ts';

export interface MigrationFile {
  /** As given, with `/`, relative to the working directory; `-` is standard input. */
  readonly path: string;
  readonly name: string;
  readonly version: string | null;
  readonly kind: 'migration' | 'backfill' | 'down';
  /** The section to apply; a down section in the same file is blanked, so that positions stay right. */
  readonly text: string;
  /** What its migration tool replaces in it. */
  readonly fills?: Fills;
}

/** A migration is written by a person; what is larger is a dump, and would hold its locks for as long as it loads. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Where frameworks keep their migrations, the likeliest first. */
const FOLDERS = [
  'migrations',
  'db/migrations',
  'db/migrate',
  'database/migrations',
  'sql/migrations',
  'prisma/migrations',
  'supabase/migrations',
  'src/migrations',
  'src/main/resources/db/migration',
];

/** A file that was found and is not read yet. */
export interface FoundFile {
  readonly real: string;
  readonly shown: string;
  /** The name of the folder that it was found in. */
  readonly folder: string;
  /** Named by itself, and not found in a folder. */
  readonly isNamed: boolean;
}

/**
 * Reads migration files and folders, in migration order; down files are among them, by their kind.
 * Throws a Problem (exit 2) for what does not exist, cannot be read, or is not text.
 */
export async function discover(
  paths: readonly string[],
  options: { readonly cwd: string; readonly stdin?: string },
): Promise<MigrationFile[]> {
  return readFiles(findFiles(paths, options.cwd), options.stdin);
}

/** The files at or below paths, each once, and `-` for standard input. */
export function findFiles(paths: readonly string[], cwd: string): FoundFile[] {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    if (path === '-') found.set(path, { real: path, shown: path, folder: '', isNamed: true });
    else for (const file of walk(path, cwd)) if (!found.has(file.real)) found.set(file.real, file);
  }
  return [...found.values()];
}

/** It reads synchronously: that takes a twentieth of the time that promises take for thousands of small files. */
function readFiles(found: readonly FoundFile[], stdin = ''): MigrationFile[] {
  const files = found.map(({ real, shown, folder }): MigrationFile => {
    if (shown === '-') return { path: shown, name: shown, version: null, kind: 'migration', text: upSection(stdin) };
    return { path: shown, ...readFileName(basename(shown), folder), text: upSection(readText(real, shown)) };
  });
  return files.sort((a, b) => inMigrationOrder(a, b) || inMigrationOrder(atPath(a), atPath(b)));
}

const atPath = (file: MigrationFile) => ({ version: null, name: file.path });

/** The folder that holds the migrations: that of the tool in use, or the first usual place that has SQL files in it, else `migrations`. */
export async function detectDir(cwd: string): Promise<string> {
  const { detectTool } = await import('./tool.ts');
  const tool = detectTool(cwd, [], 'auto');
  // What has an order of its own, or is a schema, is not for our runner, which goes by version and name.
  const isOurs = tool !== null && tool.framework.sort === undefined && tool.framework.what === undefined;
  return (isOurs ? tool.site.dirs[0] : undefined) ?? usualDir(cwd) ?? 'migrations';
}

/** The first usual place that has SQL files in it. */
export function usualDir(cwd: string): string | null {
  for (const folder of FOLDERS) {
    try {
      if (sqlFiles(resolve(cwd, folder)).length > 0) return folder;
    } catch (error) {
      // What is wrong with it is told when it is read; else it is not there.
      if (error instanceof Problem) return folder;
    }
  }
  return null;
}

/** The files of one folder that `apply` and `status` work on: down files left out, every version once. */
export async function discoverFolder(dir: string, cwd: string): Promise<MigrationFile[]> {
  const files = await withFills(
    (await discover([dir], { cwd })).filter((file) => file.kind !== 'down'),
    dir,
    cwd,
  );
  for (const [index, file] of files.entries()) {
    const next = files[index + 1];
    if (next === undefined) break;
    if (next.name === file.name || (next.version !== null && next.version === file.version)) {
      throw new Problem(
        `Two migrations have the version ${file.version ?? file.name}: ${file.path} and ${next.path}.`,
        {
          advice:
            'Give one of them a version of its own; the order they run in would depend on the rest of their names.',
        },
      );
    }
  }
  return files;
}

/** What another tool would replace in files, so that it is not taken for what was meant. */
async function withFills(files: readonly MigrationFile[], dir: string, cwd: string): Promise<MigrationFile[]> {
  const { detectTool, inRepository, recogniseTool } = await import('./tool.ts');
  const real = (path: string): string => realpathSync(resolve(cwd, path));
  const tool =
    detectTool(cwd, [dir], 'auto') ??
    recogniseTool(
      cwd,
      files.map((file) => ({ ...file, real: real(file.path) })),
    );
  if (tool?.framework.fills === undefined) return [...files];
  const { framework, site, repository, root } = tool;
  return files.map((file) => {
    const seen = { path: inRepository(root, real(file.path)), text: file.text.replace(/^\uFEFF/, '') };
    const fills = framework.fills?.(seen, repository, site) ?? null;
    return fills === null ? file : { ...file, fills };
  });
}

/** Every SQL file at or below `path`. */
function walk(path: string, cwd: string): FoundFile[] {
  const absolute = resolve(cwd, path);
  const kind = readable(path, () => statSync(absolute));
  if (!kind.isDirectory()) {
    if (!kind.isFile())
      throw new Problem(`${path} is neither a file nor a folder.`, { advice: 'Name a .sql file or a folder of them.' });
    const folder = basename(dirname(absolute));
    return [{ real: realpathSync(absolute), shown: display(absolute, path, cwd), folder, isNamed: true }];
  }
  const files = readable(path, () => sqlFiles(absolute, display(absolute, path, cwd)));
  if (files.length === 0) {
    throw new Problem(`There are no .sql files in ${path}.`, {
      advice: 'Name the folder that holds the migrations, or make the first one with tiptoe new NAME.',
    });
  }
  const above = display(absolute, path, cwd);
  const inside = above === '' || above.endsWith('/') ? above : `${above}/`;
  return files.map(({ real, below, folder }) => ({ real, shown: `${inside}${below}`, folder, isNamed: false }));
}

/** Every SQL file below a folder, each real folder once: a symbolic link may point at its own parent. `below` is relative to `top`. */
function sqlFiles(top: string, shown = ''): Array<{ real: string; below: string; folder: string }> {
  const shownAs = (below: string): string => `${shown === '' || shown.endsWith('/') ? shown : `${shown}/`}${below}`;
  const visited = new Set<string>();
  const files: Array<{ real: string; below: string; folder: string }> = [];
  const visit = (folder: string, above: string): void => {
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    const name = basename(folder);
    const entries = readable(shownAs(above) || folder, () => readdirSync(folder, { withFileTypes: true }));
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const absolute = `${folder}${sep}${entry.name}`;
      const isLink = entry.isSymbolicLink();
      const kind = isLink ? target(absolute) : entry;
      const below = `${above}${entry.name}`;
      if (kind === null && /\.sql$/i.test(entry.name)) {
        throw new Problem(`${shownAs(below)} is a symbolic link that leads nowhere.`, {
          advice: 'Bring back the file that it points to, or remove the link.',
        });
      }
      if (kind?.isDirectory() === true) visit(absolute, `${below}/`);
      else if (kind?.isFile() === true && /\.sql$/i.test(entry.name)) {
        files.push({ real: isLink ? realpathSync(absolute) : `${real}${sep}${entry.name}`, below, folder: name });
      }
    }
  };
  visit(top, '');
  return files;
}

/** What a symbolic link leads to; null where it leads nowhere. */
function target(link: string): Stats | null {
  try {
    return statSync(link);
  } catch {
    return null;
  }
}

function display(absolute: string, given: string, cwd: string): string {
  const fromHere = relative(cwd, absolute);
  const shown = isAbsolute(given) && (fromHere.startsWith('..') || isAbsolute(fromHere)) ? absolute : fromHere;
  return shown.split(sep).join('/');
}

/** The text of a file. Throws a Problem for what is none, or cannot be read. */
export function readText(real: string, shown: string): string {
  refuseLarge(real, shown);
  // Most files are UTF-8, and read in one go; what is not is looked at byte by byte, to say what is wrong.
  const text = readable(shown, () => readFileSync(real, 'utf8'));
  return /[\0\uFFFD]/.test(text) ? readCarefully(real, shown) : text;
}

function readCarefully(real: string, shown: string): string {
  const bytes = readable(shown, () => readFileSync(real));
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new Problem(`${shown} is UTF-16 text; migrations are UTF-8.`, { advice: 'Save it again as UTF-8.' });
  }
  if (isBinary(bytes))
    throw new Problem(`${shown} is a binary file, not SQL.`, { advice: 'Migrations are text files in UTF-8.' });
  // A byte order mark stays, so that positions count what is in the file.
  const decoded = decodeUtf8(bytes);
  if (decoded.ok) return decoded.text;
  throw new Problem(`${shown} ${notUtf8(decoded)}.`, {
    advice: 'Save it again as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8.',
  });
}

function refuseLarge(real: string, shown: string): void {
  const { size } = readable(shown, () => statSync(real));
  if (size > MAX_BYTES) {
    throw new Problem(
      `${shown} has ${Math.round(size / 1024 / 1024)} MB; a migration may have ${MAX_BYTES / 1024 / 1024} MB.`,
      { advice: 'Load data with COPY or psql, and keep the migration to schema changes.' },
    );
  }
}

/** Mostly control characters. A stray NUL in a text is for the parser to report, at its line and column. */
function isBinary(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 8192);
  if (!start.includes(0)) return false;
  const controls = start.filter((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte)).length;
  return controls > start.length * 0.3;
}

function readable<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof Problem ? error : unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new Problem(`There is no file or folder ${path}.`, {
      advice: 'Check the path, or name the migrations folder with --dir.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new Problem(`${path} cannot be read: permission denied.`, {
      advice: 'Check the permissions of the file and its folders.',
      cause: error,
    });
  }
  if (code === 'ELOOP')
    return new Problem(`${path} is a symbolic link to itself.`, { advice: 'Remove the link.', cause: error });
  return new Problem(`${path} cannot be read (${typeof code === 'string' ? code : String(error)}).`, { cause: error });
}
