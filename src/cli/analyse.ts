import type { Catalog } from '../catalog/catalog.ts';
import { analyse, type AnalyseOptions, type AnalysedFile, lint, lintDeleted, type LintedFile } from '../lint/engine.ts';
import type { MigrationFile } from '../migrate/discovery.ts';
import type { Script } from '../sql/statement.ts';
import { analyseOptions } from './analyse-options.ts';
import { type ConfigFlags, readConfig } from './config.ts';
import { databaseUrlOf } from './configure.ts';
import { readScripts } from './input.ts';
import type { Changes } from './since.ts';
import { startingSchema } from './starting-schema.ts';

/** The newest major version that tiptoe knows; `lint` judges by it unless told otherwise. */
const NEWEST = 18;

interface Given extends ConfigFlags {
  readonly var: Readonly<Record<string, string>>;
  readonly pgVersion?: number;
  readonly schema?: string;
}

/** For `explain`: the files, with what each of their statements does. */
export async function analyseFiles(
  paths: readonly string[],
  given: Given,
): Promise<{ files: AnalysedFile[]; version: number }> {
  const { scripts, catalog, options } = await readHistory(paths, given);
  return { files: analyse(scripts, catalog, options), version: options.version };
}

/** For `lint`: the files, with what was found in them, and by which rules; with `changes`, those that changed and those that were deleted. */
export async function lintFiles(
  paths: readonly string[],
  given: Given,
  changes: Changes | null,
): Promise<{ files: LintedFile[]; options: AnalyseOptions }> {
  const { scripts, files, from, catalog, options } = await readHistory(paths, given);
  if (changes === null) return { files: lint(scripts, catalog, options), options };
  const { compare } = await import('./since.ts');
  const { changed, merged, deleted } = compare(changes, files, from);
  const linted = lint(scripts, catalog, { ...options, merged });
  return {
    files: [...linted.filter(({ script }) => changed.has(script.source.path)), ...lintDeleted(deleted, options)],
    options,
  };
}

/** The files as one history, and the schema that they begin with. */
async function readHistory(
  paths: readonly string[],
  given: Given,
): Promise<{
  scripts: Iterable<Script>;
  files: MigrationFile[];
  from: readonly string[];
  catalog: Catalog;
  options: AnalyseOptions;
}> {
  const config = await readConfig(given, paths);
  const input = await readScripts(paths, { dir: given.dir ?? config.dir, variables: given.var });
  const {
    catalog,
    warning,
    version: known,
  } = await startingSchema({
    ...given,
    databaseUrl: await databaseUrlOf(config, given),
  });
  if (warning !== undefined) process.stderr.write(`tiptoe: ${warning}\n`);
  const version = given.pgVersion ?? known ?? config.pgVersion ?? NEWEST;
  return { ...input, catalog, options: analyseOptions(config, version) };
}
