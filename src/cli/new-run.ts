import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Framework } from '../frameworks/framework.ts';
import { nextVersion } from '../frameworks/new-name.ts';
import { findFiles, type FoundFile, usualDir } from '../migrate/discovery.ts';
import { readMigrations } from '../migrate/read-migrations.ts';
import { AUTO, detectTool, inRepository, type Tool } from '../migrate/tool.ts';
import { Problem } from '../problem.ts';
import { checkFramework } from './check-framework.ts';
import { readConfig } from './config.ts';
import type { NewOptions } from './new.ts';

/** `tiptoe new`, from the name to the exit code. */
export async function runNew(given: string, flags: NewOptions): Promise<0> {
  const name = nameFrom(given);
  const config = await readConfig(flags);
  const wanted = flags.framework ?? config.framework;
  await checkFramework(wanted);
  const cwd = process.cwd();
  const asked = flags.dir ?? config.dir;
  const detected = detectTool(cwd, asked === undefined ? [] : [asked], wanted);
  const dir = asked ?? (detected === null ? (usualDir(cwd) ?? 'migrations') : null);
  const found = filesIn(detected, dir, cwd);
  const tool =
    detected ??
    (wanted === AUTO
      ? readMigrations(found, { cwd, stdin: undefined, tool: null, recognise: true, side: 'up' }).tool
      : null);
  const root = tool?.root ?? cwd;
  const made = create(tool?.framework ?? OWN, {
    name,
    now: new Date(),
    dir: dir === null ? (tool?.site.dirs[0] ?? 'migrations') : relative(root, resolve(cwd, dir)).split(sep).join('/'),
    existing: found.map(({ real }) => inRepository(root, real)),
  });
  for (const [path, text] of made) {
    write(join(root, path), text);
    process.stdout.write(`${relative(cwd, join(root, path)).split(sep).join('/')}\n`);
  }
  return 0;
}

/** The layout where no tool is in use. */
const OWN: Pick<Framework, 'create'> = {
  create: ({ name, now, dir, existing }) => new Map([[`${dir}/${nextVersion(existing, now)}_${name}.sql`, '']]),
};

function create(framework: Pick<Framework, 'create'>, wanted: Parameters<Framework['create']>[0]) {
  const made = framework.create(wanted);
  if (typeof made !== 'string') return made;
  const [reason = '', advice] = made.split(': ');
  throw new Problem(
    `${reason}.`,
    advice === undefined ? {} : { advice: `${advice.charAt(0).toUpperCase()}${advice.slice(1)}` },
  );
}

function filesIn(tool: Tool | null, dir: string | null, cwd: string): FoundFile[] {
  const dirs = dir === null ? (tool?.site.dirs ?? []).map((at) => join(tool?.root ?? cwd, at)) : [resolve(cwd, dir)];
  return dirs.flatMap((path) => {
    try {
      return findFiles([path], cwd);
    } catch (error) {
      // An empty folder, or none yet.
      if (error instanceof Problem) return [];
      throw error;
    }
  });
}

function nameFrom(given: string): string {
  const name = given
    .replace(/\.sql$/i, '')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  if (name !== '') return name;
  throw new Problem(`'${given}' is no name for a migration.`, { advice: 'Say what it is for: add_email_to_users.' });
}

function write(path: string, text: string): void {
  const shown = relative(process.cwd(), path);
  if (existsSync(path)) throw new Problem(`${shown} is there already.`, { advice: 'Give another name.' });
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(`${shown} cannot be written: ${why}.`, {
      advice: 'Check the folder, or give another with --dir.',
      cause: error,
    });
  }
}
