import { basename } from 'node:path';
import type { ToolRun } from '../effects/tool-run.ts';
import { arrange, belongs, type Found, runOf, sideOf } from '../frameworks/arrange.ts';
import { inMigrationOrder, readFileName } from '../frameworks/name.ts';
import { Problem } from '../problem.ts';
import { type FoundFile, type MigrationFile, readText } from './discovery.ts';
import { inRepository, recogniseTool, type Tool } from './tool.ts';

/** A migration and how its tool runs it; without one, as our own runner does. */
export interface ReadMigration extends MigrationFile {
  readonly run?: ToolRun;
  /** How its tool takes an edit: as nothing special (`may`), or at the end of the file (`append`). */
  readonly edits?: 'may' | 'append';
  /** What is read of the file where it holds another text. */
  readonly readAs?: (text: string) => string;
}

/** Files as they were read for one way. */
export interface ReadMigrations {
  readonly files: readonly ReadMigration[];
  readonly tool: Tool | null;
  /** SQL files among them that the tool does not take for migrations. */
  readonly leftOut: readonly string[];
  /** SQL files among them that the tool runs around its migrations. */
  readonly callbacks: readonly string[];
}

/** As many files as this tell what tool they were written for. */
const SAMPLE = 40;

/** As many of the files that cannot be read are named. */
const MANY = 10;

interface RawFile extends FoundFile {
  /** From the root of the tool's repository. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads migrations in the order of their tool, `up` or, the newest first, `down`. Without a known tool, the files may tell of one
 * (`recognise`).
 */
export function readMigrations(
  found: readonly FoundFile[],
  options: {
    readonly cwd: string;
    readonly stdin: string | undefined;
    readonly tool: Tool | null;
    readonly recognise: boolean;
    readonly side: 'up' | 'down';
  },
): ReadMigrations {
  const raw = readAll(found, options.stdin ?? '');
  const tool = options.tool ?? (options.recognise ? recogniseTool(options.cwd, sampleOf(raw)) : null);
  const files = raw.map((file): RawFile => ({ ...file, path: tool === null ? '' : pathOf(file, tool.root) }));
  if (tool === null) refuseQueries(raw);
  const isTools = (file: RawFile): boolean => tool !== null && (file.real === '-' || belongs(tool.site, file.path));
  const arranged = tool === null ? null : arrange(files.filter(isTools), tool);
  const own = files.filter((file) => !isTools(file)).map((file) => plain(file));
  own.sort((a, b) => inMigrationOrder(a.name, b.name) || inMigrationOrder(atPath(a.file), atPath(b.file)));
  const inOrder = [...(arranged?.placed ?? []), ...own];
  if (options.side === 'down') inOrder.reverse();
  return {
    files: inOrder.flatMap(({ file, name, stretches, fills }): ReadMigration[] => {
      const framework = stretches === null ? null : (tool?.framework ?? null);
      const text = sideOf(file.text, name, options.side, framework);
      if (text === null) return [];
      const readAs = (other: string): string => sideOf(other, name, options.side, framework) ?? '';
      const run = tool === null || stretches === null ? {} : { run: runOf(tool, stretches) };
      const edits = tool === null || stretches === null ? {} : editsOf(tool, file.path);
      return [{ path: file.shown, ...name, text, readAs, ...run, ...edits, ...(fills === undefined ? {} : { fills }) }];
    }),
    tool: arranged === null || arranged.placed.length === 0 ? null : tool,
    leftOut: (arranged?.leftOut ?? []).map(({ shown }) => shown),
    callbacks: (arranged?.callbacks ?? []).map(({ shown }) => shown),
  };
}

/** Where nothing in a folder has a version, and all of it is queries of a program, nobody meant it. */
function refuseQueries(files: readonly (FoundFile & { readonly text: string })[]): void {
  const [first] = files;
  if (first === undefined || first.isNamed) return;
  const isNone = files.every(
    ({ isNamed, shown, folder, text }) =>
      !isNamed && readFileName(basename(shown), folder).version === null && isQueries(text),
  );
  if (!isNone) return;
  throw new Problem(
    `There is SQL, but no migration: ${first.shown} holds queries${files.length > 1 ? `, and so do the other ${files.length - 1}` : ''}.`,
    {
      advice: 'Name the folder of the migrations; a file that is named by itself is read whatever it holds.',
    },
  );
}

/** The names that sqlc, yesql, HugSQL and others give to queries, or nothing that changes anything. */
const QUERY_NAME = /^[ \t]*--[ \t]*:?name:?[ \t]+\S/m;
const CHANGE =
  /^[ \t]*(?:alter|call|cluster|comment|copy|create|delete|do|drop|grant|import|insert|lock|merge|refresh|reindex|reset|revoke|security|set|truncate|update|vacuum)\b/im;

function isQueries(text: string): boolean {
  return QUERY_NAME.test(text) || (text.trim() !== '' && !CHANGE.test(text));
}

function editsOf({ framework }: Found, path: string): Pick<ReadMigration, 'edits'> {
  if (framework.edited?.test(path) === true) return { edits: 'may' };
  return framework.isAppendedTo === true ? { edits: 'append' } : {};
}

function plain(file: RawFile) {
  const name = readFileName(basename(file.shown), file.folder);
  return {
    file,
    name: file.real === '-' ? { ...name, name: '-', version: null } : name,
    stretches: null,
    fills: undefined,
  };
}

const atPath = ({ shown }: FoundFile) => ({ version: null, name: shown });

function pathOf({ real }: FoundFile, root: string): string {
  return real === '-' ? '-' : inRepository(root, real);
}

/** The first and the last ones: what was used in the middle of a history is used at one of its ends. */
function sampleOf<File>(files: readonly File[]): readonly File[] {
  return files.length <= SAMPLE ? files : [...files.slice(0, SAMPLE / 2), ...files.slice(-SAMPLE / 2)];
}

function readAll(found: readonly FoundFile[], stdin: string): (FoundFile & { path: string; text: string })[] {
  const problems: Problem[] = [];
  const files = found.map((file) => {
    try {
      return { ...file, path: file.shown, text: file.real === '-' ? stdin : readText(file.real, file.shown) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(error);
      return { ...file, path: file.shown, text: '' };
    }
  });
  const [first, ...others] = problems;
  if (first === undefined) return files;
  if (others.length === 0) throw first;
  const shown = problems.slice(0, MANY).map(({ message }) => message);
  const more = problems.length > MANY ? [`So it is with ${problems.length - MANY} more.`] : [];
  throw new Problem([...shown, ...more].join(' '), first.advice === undefined ? {} : { advice: first.advice });
}
