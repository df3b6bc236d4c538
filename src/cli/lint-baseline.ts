import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { accept, type BaselineEntry, baselineOf, baselineText, type NameOf } from '../lint/baseline.ts';
import type { AnalyseOptions, LintedFile } from '../lint/engine.ts';
import { isOffIn } from '../lint/rule-settings.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import { whyUnreadable } from './unreadable.ts';

const NAME = '.tiptoe-baseline.json';

/** The accepted findings of a repository, and where they are kept. */
export interface Baseline {
  readonly entries: readonly BaselineEntry[];
  /** As the user would write it. */
  readonly shown: string;
  /** How it calls a file: from its own folder, so that it is the same wherever `lint` is run. */
  readonly nameOf: NameOf;
  /** Whether a file that it names is there. */
  readonly isThere: (entry: BaselineEntry) => boolean;
}

/** Reads the named baseline, else the nearest one upwards, where there is one. */
export function readBaseline(given: string | false | undefined): Baseline | null {
  if (given === false) return null;
  const path = given === undefined ? findUpwards(process.cwd()) : resolve(given);
  return path === null ? null : { ...baselineAt(path), entries: readEntries(path, given ?? shownPath(path)) };
}

/**
 * Accepts all that was found, and answers the baseline as it is then. What an earlier one says of files that were not looked at now is kept
 * while they are there.
 */
export function writeBaseline(given: string | true, files: readonly LintedFile[]): Baseline {
  const path = given === true ? (findUpwards(process.cwd()) ?? resolve(NAME)) : resolve(given);
  const shown = given === true ? shownPath(path) : given;
  refuseOtherFiles(path, shown);
  const baseline = baselineAt(path);
  const linted = new Set(files.map(({ script }) => baseline.nameOf(script.source.path)));
  const before = existsSync(path) ? readEntries(path, shown) : [];
  const kept = before.filter((entry) => !linted.has(entry.path) && baseline.isThere(entry));
  const entries = [...kept, ...baselineOf(files, baseline.nameOf)];
  try {
    writeFileSync(path, baselineText(entries));
  } catch (error) {
    throw new Problem(`cannot write the baseline ${shown}: ${whyUnreadable(error)}.`, {
      advice: 'Give --write-baseline a file in a folder that is there and may be written to.',
      cause: error,
    });
  }
  return { ...baseline, entries };
}

/** Takes out what the baseline accepts; entries that match nothing any more are stale, but for those whose rule does not look at their file. */
export function applyBaseline(
  baseline: Baseline,
  files: readonly LintedFile[],
  settings: AnalyseOptions,
): { files: LintedFile[]; accepted: number; stale: BaselineEntry[] } {
  const linted = new Map(files.map(({ script: { source } }) => [baseline.nameOf(source.path), source.path]));
  const { files: left, count, unmatched } = accept(files, baseline.entries, baseline.nameOf);
  const stale = unmatched.filter((entry) => {
    const path = linted.get(entry.path);
    return path === undefined ? !baseline.isThere(entry) : !isOffIn(settings, entry.rule, path);
  });
  return { files: left, accepted: count, stale };
}

const MOST_NAMED = 10;

/** One line that names the entries that match nothing any more. */
export function staleWarning(stale: readonly BaselineEntry[], { shown }: Baseline): string {
  const named = stale.slice(0, MOST_NAMED).map(({ path, rule }) => `${rule} in ${path}`);
  const more = stale.length > MOST_NAMED ? `, and ${stale.length - MOST_NAMED} more` : '';
  const what = stale.length === 1 ? 'an entry that matches' : `${stale.length} entries that match`;
  return printable(
    `${shown} has ${what} nothing any more: ${named.join(', ')}${more}. Remove with: tiptoe lint --write-baseline`,
  );
}

function baselineAt(path: string): Omit<Baseline, 'entries'> {
  const folder = dirname(path);
  return {
    shown: shownPath(path),
    nameOf: (file) => (file === '-' ? file : relative(folder, resolve(file)).split(sep).join('/')),
    isThere: (entry) => entry.path === '-' || existsSync(resolve(folder, entry.path)),
  };
}

function readEntries(path: string, shown: string): BaselineEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Problem(`cannot read the baseline ${shown}: ${whyUnreadable(error)}.`, {
      advice: 'Make one with: tiptoe lint --write-baseline',
      cause: error,
    });
  }
  if (/^(?:<{7}|={7}|>{7})/m.test(text)) {
    throw new Problem(`${shown} has merge conflicts.`, {
      advice: 'Keep the lines of both sides, or take one side and run: tiptoe lint --write-baseline',
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Problem(`${shown} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, {
      advice: 'Correct the file, or remove it and run: tiptoe lint --write-baseline',
      cause: error,
    });
  }
  const entries = entriesOf(content);
  if (entries !== null) return entries;
  throw new Problem(`${shown} is no baseline that this version of tiptoe reads.`, {
    advice: 'Remove it and run: tiptoe lint --write-baseline',
  });
}

function entriesOf(content: unknown): BaselineEntry[] | null {
  if (!isObject(content) || content['version'] !== 1 || !Array.isArray(content['findings'])) return null;
  const entries: BaselineEntry[] = [];
  for (const entry of content['findings'] as unknown[]) {
    if (!isObject(entry)) return null;
    const { path, rule, fingerprint } = entry;
    if (typeof path !== 'string' || typeof rule !== 'string' || typeof fingerprint !== 'string') return null;
    entries.push({ path, rule, fingerprint });
  }
  return entries;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** `--write-baseline migrations/001.sql` means to lint that file: it must not be overwritten. */
function refuseOtherFiles(path: string, shown: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  const isSql = /\.sql$/i.test(basename(path));
  if (!isSql && stats?.isDirectory() !== true) return;
  throw new Problem(`--write-baseline takes the file to write, and ${shown} is ${isSql ? 'SQL' : 'a folder'}.`, {
    advice: `Name what to lint first: tiptoe lint ${shown} --write-baseline`,
  });
}

function findUpwards(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, NAME);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return null;
  }
}

function shownPath(path: string): string {
  return relative(process.cwd(), path).split(sep).join('/') || path;
}
