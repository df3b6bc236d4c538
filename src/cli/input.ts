import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describeTool } from '../frameworks/arrange.ts';
import type { Migration } from '../lint/engine.ts';
import { findFiles, type FoundFile, usualDir } from '../migrate/discovery.ts';
import { type ReadMigration, type ReadMigrations, readMigrations } from '../migrate/read-migrations.ts';
import { AUTO, detectBelow, detectTool, type Tool } from '../migrate/tool.ts';
import { Problem } from '../problem.ts';
import { loadParser } from '../sql/libpg.ts';
import type { Script } from '../sql/statement.ts';
import { decodeUtf8, notUtf8 } from '../utf8.ts';
import { checkFramework } from './check-framework.ts';
import { includedBy, includer, rootsOf } from './included.ts';
import { parseInOrder } from './parse-ahead.ts';
import { parserThread } from './parser-thread.ts';

export interface Input {
  readonly files: readonly ReadMigration[];
  /** The paths of files that others of them run, which are read there. */
  readonly included: readonly string[];
  /** Each parsed when it is its turn; those that are `pending` are run together, as far as their tool does so. */
  readonly scripts: (pending: ReadonlySet<string>) => Iterable<Migration>;
  /** What is taken for pending as long as nothing else tells: files that were named by themselves, and no folder. */
  readonly named: ReadonlySet<string>;
  /** Which of the files takes migrations back first; null where that was not asked for. */
  readonly firstDown: number | null;
  /** The files and folders that were looked at. */
  readonly from: readonly string[];
  /** In one line each: the migration tool, what of the files it does not take for migrations, and what it runs around them. */
  readonly tool: string | null;
  readonly leftOut: string | null;
  readonly callbacks: string | null;
  /** Of files that might tell of a migration tool, why they do not. */
  readonly doubts: readonly string[];
}

interface InputOptions {
  readonly dir: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly framework: string;
  readonly down: boolean;
}

/**
 * Reads the migrations to look at, in the order of their tool; without paths, those of the repository. Each is parsed when it is its turn, so
 * that only one has to be in memory. With `down`, what takes them back follows them, the newest first.
 */
export async function readScripts(paths: readonly string[], options: InputOptions): Promise<Input> {
  await checkFramework(options.framework);
  const cwd = process.cwd();
  const asked = paths.length > 0 || options.dir === undefined ? paths : [options.dir];
  const doubts = new Set<string>();
  const detected =
    detectTool(cwd, asked, options.framework, (line) => doubts.add(line)) ??
    (asked.length === 0 && options.framework === AUTO && usualDir(cwd) === null ? onlyBelow(cwd) : null);
  const given = asked.length > 0 ? asked : (dirsOf(detected, cwd) ?? [usualDir(cwd) ?? 'migrations']);
  const found = findOrAdvise(given, cwd, asked.length === 0);
  const thread = parserThread(found.length);
  const stdin = given.includes('-') ? await readStandardInput() : undefined;
  const read = (side: 'up' | 'down', tool: Tool | null): ReadMigrations =>
    readMigrations(found, { cwd, stdin, tool, recognise: options.framework === AUTO, side });
  const up = read('up', detected);
  const tool = up.tool ?? detected;
  const downs = options.down ? read('down', tool).files : [];
  const others = [...up.leftOut, ...up.callbacks];
  if (up.files.length === 0 && others.length > 0) throw noMigrations(given, others, tool);
  await loadParser();
  const roots = rootsOf(given, options.dir, cwd);
  const { top, included } = includedBy([...up.files, ...downs], includer(roots, cwd));
  const ups = new Set(up.files);
  return {
    files: top,
    included,
    scripts: (pending) => withRuns(parseInOrder(top, { variables: options.variables, roots }, thread), top, pending),
    named: new Set(found.every(({ isNamed }) => isNamed) ? top.map(({ path }) => path) : []),
    firstDown: options.down ? top.filter((file) => ups.has(file)).length : null,
    from: given,
    tool: up.tool === null ? null : describeTool(up.tool, relative(cwd, up.tool.root)),
    leftOut: up.leftOut.length === 0 ? null : leftOutOf(up.leftOut, tool),
    doubts: [...doubts],
    callbacks: up.callbacks.length === 0 ? null : callbacksOf(up.callbacks, tool),
  };
}

function* withRuns(
  scripts: Iterable<Script>,
  files: readonly ReadMigration[],
  pending: ReadonlySet<string>,
): Generator<Migration, void, undefined> {
  let at = 0;
  let before = false;
  for (const script of scripts) {
    const { run, path = '' } = files[at++] ?? {};
    const together = pending.has(path) && run?.stretches.every(({ rule }) => rule === 'pending') === true;
    yield run === undefined ? script : { ...script, run: { ...run, joins: before && together } };
    // What is not pending was run long ago, and stands between nothing.
    before = pending.has(path) ? together : before;
  }
}

/** Tools whose migrations are code, by a file of theirs, and how they print SQL. */
const PIPED = [
  ['manage.py', 'Django', 'python manage.py sqlmigrate APP 0001 | tiptoe lint -'],
  ['alembic.ini', 'Alembic', 'alembic upgrade head --sql | tiptoe lint -'],
  ['mix.exs', 'Ecto', 'mix ecto.migrate --log-migrations-sql | tiptoe lint -'],
  ['config/application.rb', 'Rails', 'write a migration’s SQL to a file or to tiptoe lint -'],
] as const;

function findOrAdvise(given: readonly string[], cwd: string, isGuess: boolean): FoundFile[] {
  try {
    return findFiles(given, cwd);
  } catch (error) {
    const piped = isGuess && error instanceof Problem ? PIPED.find(([file]) => existsSync(join(cwd, file))) : undefined;
    if (piped === undefined) throw error;
    const [, tool, how] = piped;
    throw new Problem(`There are no migrations in SQL here; ${tool} has them in code.`, {
      advice: `Give tiptoe their SQL: ${how}`,
      cause: error,
    });
  }
}

/** The tool of the only package that has one. */
function onlyBelow(cwd: string): Tool | null {
  const [first, second, ...more] = detectBelow(cwd);
  if (first === undefined || second === undefined) return first ?? null;
  const named = [first, second].map((tool) => `${dirsOf(tool, cwd)?.[0]} (${tool.framework.title})`).join(', ');
  throw new Problem(
    `There are several folders of migrations: ${named}${more.length === 0 ? '' : ` and ${more.length} more`}.`,
    { advice: 'Name one of them; each is a history of its own.' },
  );
}

function dirsOf(tool: Tool | null, cwd: string): string[] | null {
  return tool === null ? null : tool.site.dirs.map((dir) => relative(cwd, join(tool.root, dir)) || '.');
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const decoded = decodeUtf8(Buffer.concat(chunks));
  if (decoded.ok) {
    const { sqlOfOutput } = await import('../frameworks/piped.ts');
    const sql = sqlOfOutput(decoded.text);
    if (sql !== null) return sql;
    throw new Problem('standard input is a log of Ecto without SQL in it.', {
      advice: 'mix ecto.migrate --log-migrations-sql prints it.',
    });
  }
  throw new Problem(`standard input ${notUtf8(decoded)}.`, {
    advice: 'Pipe the SQL of a migration into tiptoe lint -.',
  });
}

function leftOutOf(paths: readonly string[], tool: Tool | null): string {
  const [first = ''] = paths;
  const what = `${tool?.framework.title ?? ''} migration`.trim();
  return paths.length === 1
    ? `${first} is left out: it is no ${what}.`
    : `${paths.length} files are left out, ${first} for one: they are no ${what}s.`;
}

function callbacksOf(paths: readonly string[], tool: Tool | null): string {
  const [first = ''] = paths;
  const whose = tool === null ? '' : ` of ${tool.framework.title}`;
  return paths.length === 1
    ? `${first} is left out: it is a callback${whose}. Name it to read it.`
    : `${paths.length} callbacks${whose} are left out, ${first} for one. Name them to read them.`;
}

function noMigrations(given: readonly string[], leftOut: readonly string[], tool: Tool | null): Problem {
  return new Problem(`There are no migrations in ${given.join(', ')}. ${leftOutOf(leftOut, tool)}`, {
    advice: 'Name a file to read it all the same, or give --framework none.',
  });
}
