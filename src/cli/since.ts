import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { DeletedFile } from '../lint/merged.ts';
import type { ReadMigration } from '../migrate/read-migrations.ts';
import { readFileName } from '../frameworks/name.ts';
import { upSection } from '../frameworks/sections.ts';
import { Problem } from '../problem.ts';
import { git } from './git.ts';

/** What differs between the work tree and the commit where the branch began; paths as git has them, from the repository's root. */
export interface Changes {
  readonly root: string;
  /** The merge base. */
  readonly base: string;
  /** All files that were there. */
  readonly before: ReadonlySet<string>;
  /** Those of them that are no longer the same. */
  readonly edited: ReadonlySet<string>;
  /** Those that are gone, and where the same text lies now. */
  readonly deleted: ReadonlyMap<string, string | null>;
}

/** Asks git what changed since the merge base of `ref` and HEAD, committed or not. */
export function readChanges(ref: string, cwd: string): Changes {
  const root = rootOf(cwd);
  const base = mergeBase(ref, root);
  const before = new Set(names(ask(root, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', base])));
  const edited = new Set<string>();
  const deleted = new Map<string, string | null>();
  const fields = names(
    ask(root, [
      'diff',
      '--name-status',
      '-z',
      '--find-renames=100%',
      '--no-ext-diff',
      '--ignore-submodules',
      base,
      '--',
    ]),
  );
  for (let at = 0; at < fields.length; at += 2) {
    const [status = '', path = ''] = fields.slice(at, at + 2);
    if (status.startsWith('R')) {
      deleted.set(path, fields[at + 2] ?? null);
      at += 1;
    } else if (status === 'D') deleted.set(path, null);
    else if (status !== 'A') edited.add(path);
  }
  return { root, base, before, edited, deleted };
}

export interface Compared {
  /** New and edited ones, by the paths that reports show. */
  readonly changed: ReadonlySet<string>;
  /** What the edited ones were. */
  readonly merged: ReadonlyMap<string, string>;
  readonly deleted: readonly DeletedFile[];
}

/** What the changes mean for the migrations that were found `from` these files and folders. */
export function compare(
  changes: Changes,
  files: ReadonlyArray<Pick<ReadMigration, 'path' | 'edits' | 'readAs'> & { readonly text?: string }>,
  from: readonly string[],
): Compared {
  const { root, base, before, edited, deleted } = changes;
  const changed = new Set<string>();
  const merged = new Map<string, string>();
  const there = new Set<string>();
  for (const { path, text, edits, readAs } of files) {
    const name = path === '-' ? null : nameIn(root, realpathSync(path));
    if (name !== null) there.add(name);
    const isNew = name === null || !before.has(name);
    // What git no longer tracks counts as deleted, and may still lie there.
    const isEdited = !isNew && (edited.has(name) || deleted.has(name));
    if (isNew || isEdited) changed.add(path);
    if (!isEdited || edits === 'may' || isRepeatable(name)) continue;
    const was = (readAs ?? upSection)(textAt(root, base, name));
    if (edits !== 'append' || text?.startsWith(was) !== true) merged.set(path, was);
  }
  const folders = from.flatMap((path) => (path === '-' ? [] : (nameIn(root, realpathSync(path)) ?? [])));
  const gone = [...deleted].filter(
    ([name]) => !there.has(name) && folders.some((folder) => isMigrationIn(folder, name)),
  );
  return {
    changed,
    merged,
    deleted: gone.map(([name, movedTo]) => ({
      path: shown(root, name),
      text: upSection(textAt(root, base, name)),
      movedTo: movedTo === null ? null : shown(root, movedTo),
    })),
  };
}

/** Flyway runs a repeatable migration again whenever it changes. */
function isRepeatable(name: string): boolean {
  return basename(name).startsWith('R__');
}

/** As discovery would have found it. */
function isMigrationIn(folder: string, name: string): boolean {
  const inside = folder === '' ? name : name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : null;
  if (inside === null || !/\.sql$/i.test(inside) || isRepeatable(name)) return false;
  if (inside.split('/').some((part) => part.startsWith('.') || part === 'node_modules')) return false;
  return readFileName(basename(name), basename(dirname(name))).kind !== 'down';
}

/** Null for what lies outside of the repository. */
function nameIn(root: string, real: string): string | null {
  const name = relative(root, real);
  return name.startsWith('..') || isAbsolute(name) ? null : name.split(sep).join('/');
}

function shown(root: string, name: string): string {
  return relative(process.cwd(), resolve(root, name)).split(sep).join('/');
}

function textAt(root: string, base: string, name: string): string {
  return ask(root, ['cat-file', 'blob', `${base}:${name}`]);
}

function names(output: string): string[] {
  return output.split('\0').slice(0, -1);
}

function rootOf(cwd: string): string {
  const { ok, stdout, stderr } = git(cwd, ['rev-parse', '--show-toplevel']);
  if (ok) return realpathSync(stdout.replace(/\r?\n$/, ''));
  if (/dubious ownership/.test(stderr)) {
    throw new Problem('git does not trust this repository: it belongs to another user.', {
      advice: 'Run: git config --global --add safe.directory "$PWD"',
    });
  }
  throw new Problem('--since needs a git repository, and this folder is in none.', {
    advice: 'Run it in a clone with its work tree, or lint without --since.',
  });
}

function mergeBase(ref: string, root: string): string {
  const head = commit('HEAD', root);
  if (head === null)
    throw new Problem('there is no commit yet to compare with.', { advice: 'Commit, or lint without --since.' });
  const other = commit(ref, root);
  if (other === null) throw unknownRef(ref, root);
  const { ok, stdout } = git(root, ['merge-base', other, head]);
  if (ok) return stdout.trim();
  if (isShallow(root)) {
    throw new Problem(`this shallow clone does not reach back to where it parted from ${ref}.`, { advice: DEEPEN });
  }
  throw new Problem(`${ref} and HEAD have no commit in common.`, {
    advice: 'Give --since the branch that this one will be merged into.',
  });
}

const DEEPEN = 'Run git fetch --unshallow, or give actions/checkout fetch-depth: 0 (GitLab: GIT_DEPTH: 0).';

function unknownRef(ref: string, root: string): Problem {
  const remote = `origin/${ref}`;
  if (commit(remote, root) !== null)
    return new Problem(`there is no branch, tag or commit '${ref}' here.`, { advice: `Did you mean ${remote}?` });
  if (isShallow(root))
    return new Problem(`there is no branch, tag or commit '${ref}' in this shallow clone.`, { advice: DEEPEN });
  return new Problem(`there is no branch, tag or commit '${ref}' here.`, {
    advice: 'git branch --all lists the branches; git fetch brings those of the remote.',
  });
}

/** Null where there is none. What begins with a dash is an option to git, and no name that a ref may have. */
function commit(ref: string, root: string): string | null {
  if (ref === '' || ref.startsWith('-') || ref.includes('\0')) return null;
  const { ok, stdout } = git(root, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]);
  return ok ? stdout.trim() : null;
}

function isShallow(root: string): boolean {
  return git(root, ['rev-parse', '--is-shallow-repository']).stdout.trim() === 'true';
}

function ask(root: string, args: readonly string[]): string {
  const { ok, stdout, stderr } = git(root, args);
  if (ok) return stdout;
  throw new Problem(`git ${args[0]} failed: ${stderr.trim().split('\n')[0]}.`, {
    advice: 'See whether git fsck finds something wrong, or lint without --since.',
  });
}
