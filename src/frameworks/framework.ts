import type { Stretch, TransactionRule } from '../effects/tool-run.ts';
import type { Fills } from '../sql/fills.ts';
import { type FileName, readFileName } from './name.ts';
import { objectIn, valueOf } from './settings-text.ts';

/** A repository as far as it tells which tool it uses. Paths are relative to its root, with `/`. */
export interface Repository {
  /** What lies in a folder; the name of a folder ends in `/`. Empty where there is no such folder. */
  readonly list: (folder: string) => readonly string[];
  /** Null where there is no such file. */
  readonly read: (path: string) => string | null;
  /** Says of a file why it tells of no tool, where it might have. */
  readonly tell?: (path: string, why: string) => void;
}

/** Where a tool was found. */
export interface Site {
  /** Folders of migrations, or single files, from the repository's root. */
  readonly dirs: readonly string[];
  /** The file that told of it. */
  readonly by: string;
}

/** A file that is looked at; its path is relative to the repository's root. */
export interface SeenFile {
  readonly path: string;
  readonly text: string;
}

/** Files to make for a new migration, by their paths from the repository's root. */
export type NewFiles = ReadonlyMap<string, string>;

/** What a new migration is made from. */
export interface Wanted {
  /** In lower case, with underscores. */
  readonly name: string;
  readonly now: Date;
  /** Where it goes. */
  readonly dir: string;
  /** The paths of all files there. */
  readonly existing: readonly string[];
}

/** A migration tool: how it is recognised, and how it reads and runs its migrations. */
export interface Framework {
  /** As in `--framework` and the config. */
  readonly name: string;
  readonly title: string;
  /** Where its behaviour was read. */
  readonly source: string;
  /** What it is recognised by. */
  readonly recognisedBy: string;
  readonly order: string;
  /** Which files or statements share a transaction. */
  readonly transactions: string;
  /** The same with the tool as the subject: `runs each file in one transaction`. */
  readonly does: string;
  /** How a statement that cannot run in a transaction is to be written. */
  readonly apart: string;
  readonly downPart: string;
  /** What its files are, where that is not migrations. */
  readonly what?: string;
  /** Looks for it; null where it is not used. */
  readonly detect: (repository: Repository) => Site | null;
  /** Recognises it by the files alone, where no config tells of it. */
  readonly recognise?: (files: readonly SeenFile[]) => boolean;
  /** What a file is, by its path in the folder of migrations; null for what is none. */
  readonly place?: (path: string) => FileName | null;
  /** SQL that the tool keeps beside its migrations: callbacks, checks. */
  readonly beside?: RegExp;
  /** Of that, what it runs around its migrations, by whatever version they have. */
  readonly callbacks?: RegExp;
  /** Files that are run again when they change, or are not run yet, so that an edit of a merged one is no mistake. */
  readonly edited?: RegExp;
  /** Whether new parts may be written at the end of a file that was run. */
  readonly isAppendedTo?: boolean;
  /** Brings paths into the tool's order; what it does not know is left out. Without it, by version and name. */
  readonly sort?: (paths: readonly string[], site: Site, repository: Repository) => readonly string[];
  /** How it runs a file's parts. */
  readonly stretches: (file: SeenFile, repository: Repository, site: Site) => readonly Stretch[];
  /** What it replaces in a file, also where PostgreSQL could read that as it stands; null where nothing is. */
  readonly fills?: (file: SeenFile, repository: Repository, site: Site) => Fills | null;
  /** Leaves blanks in place of what is not run, beside the sections that all tools have. */
  readonly blank?: (text: string) => string;
  /** Whether `-- Up Migration` and `-- Down Migration` are more than remarks to it. */
  readonly readsWords?: boolean;
  /** The part that takes a migration back, with blanks for the rest, where it is not a section of the usual kind. */
  readonly down?: (text: string) => string | null;
  /** A new migration; a text where the tool has to make it itself. */
  readonly create: (wanted: Wanted) => NewFiles | string;
}

/** One rule for all of a file. */
export function whole(rule: TransactionRule): readonly Stretch[] {
  return [{ end: Infinity, rule }];
}

/** The last part of a path. */
export function fileOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path without its last part; empty for a file at the root. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** `a/./b`, `./b` and `a/../b` as they are in a list of files; null for what leads out of the repository. */
export function joinPath(...parts: readonly string[]): string | null {
  const names: string[] = [];
  for (const name of parts.join('/').split(/[/\\]/)) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return null;
  }
  return names.join('/');
}

/** What the usual layouts say of a file. */
export function usualPlace(path: string): FileName {
  return readFileName(fileOf(path), fileOf(folderOf(path)));
}

/** Only files whose path in the folder has this form. */
export function placedBy(form: RegExp): (path: string) => FileName | null {
  return (path) => (form.test(path) ? usualPlace(path) : null);
}

/** The first of these folders that holds something; the paths may also be files. */
export function firstThere(repository: Repository, paths: readonly string[]): string | null {
  return paths.find((path) => repository.list(path).length > 0 || isThere(repository, path)) ?? null;
}

/** The folder that a variable of .env names, where it holds something. */
export function dirInEnv(repository: Repository, variable: string): string | null {
  const named = valueOf(repository.read('.env'), variable);
  const dir = named === null ? null : joinPath(named);
  return dir === null || dir === '' || repository.list(dir).length === 0 ? null : dir;
}

/** An object in a file of JSON; null, and told, where it is none. */
export function objectAt(repository: Repository, path: string): Readonly<Record<string, unknown>> | null {
  const text = repository.read(path);
  const found = objectIn(text);
  if (text !== null && found === null) repository.tell?.(path, 'holds no JSON object, and tells of no migration tool');
  return found;
}

export function isThere(repository: Repository, path: string): boolean {
  return repository.list(folderOf(path)).includes(fileOf(path));
}
