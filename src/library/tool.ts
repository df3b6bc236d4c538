import type { ToolRun } from '../effects/tool-run.ts';
import { arrange, belongs, type Found, runOf, sideOf } from '../frameworks/arrange.ts';
import { fileOf, folderOf, type Framework, joinPath, type Repository } from '../frameworks/framework.ts';
import { frameworks } from '../frameworks/list.ts';
import { Problem } from '../problem.ts';
import type { Fills } from '../sql/fills.ts';
import type { Migration } from './read.ts';

/** A migration as its tool reads and runs it. */
export interface ToolMigration extends Migration {
  readonly run?: ToolRun;
  readonly fills?: Fills;
}

/** Migrations as a tool runs them, in the order given; what takes them back is left out. With `auto`, the files tell of the tool. */
export function asToolRuns(given: readonly Migration[], wanted: string): readonly ToolMigration[] {
  const names = ['auto', ...frameworks.map(({ name }) => name), 'none'];
  if (!names.includes(wanted))
    throw new Problem(`there is no framework '${wanted}'.`, { advice: `Known are ${names.join(', ')}.` });
  if (wanted === 'none') return given;
  const files = given.map((file) => ({ ...file, path: joinPath(file.path) ?? file.path, given: file, isNamed: true }));
  const tool = toolOf(files, wanted);
  if (tool === null) return given;
  const { placed } = arrange(
    files.filter(({ path }) => belongs(tool.site, path)),
    tool,
  );
  const known = new Map(placed.map((file) => [file.file.given, file]));
  return given.flatMap((file) => {
    const found = known.get(file);
    if (found === undefined) return [file];
    const text = sideOf(file.text, found.name, 'up', tool.framework);
    if (text === null) return [];
    const { stretches, fills } = found;
    return [{ path: file.path, text, run: runOf(tool, stretches), ...(fills === undefined ? {} : { fills }) }];
  });
}

/** The tool that was named; else the first one that the paths or, where they say nothing, the texts tell of. */
function toolOf(files: readonly Migration[], wanted: string): Found | null {
  const repository = inMemory(files);
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  const at = (framework: Framework): Found => ({
    framework,
    site: { dirs: folders, by: 'the migrations' },
    repository,
  });
  const candidates = wanted === 'auto' ? frameworks : frameworks.filter(({ name }) => name === wanted);
  for (const framework of candidates) {
    const site = framework.detect(repository);
    if (site !== null && files.some(({ path }) => belongs(site, path))) return { framework, site, repository };
  }
  const named = wanted === 'auto' ? candidates.find(({ recognise }) => recognise?.(files) === true) : candidates[0];
  return named === undefined ? null : at(named);
}

/** The files that were given, as all that there is. */
function inMemory(files: readonly Migration[]): Repository {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const folders = new Map<string, Set<string>>();
  for (const { path } of files) {
    let name = fileOf(path);
    for (let folder = folderOf(path); ; folder = folderOf(folder)) {
      folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
      if (folder === '') break;
      name = `${fileOf(folder)}/`;
    }
  }
  return { list: (folder) => [...(folders.get(folder) ?? [])], read: (path) => texts.get(path) ?? null };
}
