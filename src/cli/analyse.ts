import type { Catalog } from '../catalog/catalog.ts';
import { analyse, type AnalyseOptions, type AnalysedFile, lint, lintDeleted, type LintedFile } from '../lint/engine.ts';
import type { FactsOrigin } from '../report/lint-report.ts';
import { analyseOptions } from './analyse-options.ts';
import { type ConfigFlags, readConfig } from './config.ts';
import { databaseUrlOf } from './configure.ts';
import { perFile } from '../lint/per-file.ts';
import { type Input, readScripts } from './input.ts';
import type { Changes } from './since.ts';
import { startingSchema } from './starting-schema.ts';

/** The newest major version that tiptoe knows; `lint` judges by it unless told otherwise. */
const NEWEST = 18;

interface Given extends ConfigFlags {
  readonly var: Readonly<Record<string, string>>;
  readonly pgVersion?: number;
  readonly schema?: string;
  readonly framework?: string;
  readonly down?: boolean;
  readonly facts?: string | false;
  readonly statementTimeout?: number;
  readonly sample?: number;
}

/** What is said beside the results: the migration tool, and what it does not take for migrations. */
export type Told = Pick<Input, 'tool' | 'leftOut' | 'callbacks' | 'doubts'>;

/** For `explain`: the files, with what each of their statements does. */
export async function analyseFiles(
  paths: readonly string[],
  given: Given,
): Promise<{ files: AnalysedFile[]; version: number; told: Told; origin: FactsOrigin | null }> {
  const { input, catalog, options, origin } = await readHistory(paths, given);
  const files = analyse(input.scripts(input.named), catalog, options);
  return { files: files.slice(input.firstDown ?? 0), version: options.version, told: input, origin };
}

/** For `lint`: the files, with what was found in them, and by which rules; with `changes`, those that changed and those that were deleted. */
export async function lintFiles(
  paths: readonly string[],
  given: Given,
  changes: Changes | null,
): Promise<{ files: LintedFile[]; options: AnalyseOptions; told: Told; origin: FactsOrigin | null }> {
  const { input, catalog, options, origin } = await readHistory(paths, given);
  const first = input.firstDown ?? 0;
  if (changes === null) {
    return {
      files: lint(input.scripts(input.named), catalog, options).slice(first).flatMap(perFile),
      options,
      told: input,
      origin,
    };
  }
  const { compare } = await import('./since.ts');
  const { changed, merged, deleted } = compare(
    changes,
    [...input.files, ...input.included.map((path) => ({ path }))],
    input.from,
  );
  const linted = lint(input.scripts(changed), catalog, { ...options, merged }).slice(first);
  return {
    files: [
      // A file that is run by one that changed is run anew.
      ...linted.flatMap((file) =>
        perFile(file).filter(({ script }) => changed.has(file.script.source.path) || changed.has(script.source.path)),
      ),
      ...lintDeleted(deleted, options),
    ],
    options,
    told: input,
    origin,
  };
}

/** The files as one history, and the schema that they begin with. */
async function readHistory(
  paths: readonly string[],
  given: Given,
): Promise<{ input: Input; catalog: Catalog; options: AnalyseOptions; origin: FactsOrigin | null }> {
  const config = await readConfig(given, paths);
  const input = await readScripts(paths, {
    dir: given.dir ?? config.dir,
    variables: { ...config.variables, ...given.var },
    framework: given.framework ?? config.framework,
    down: given.down ?? false,
  });
  const {
    catalog,
    warning,
    version: known,
    facts,
    origin = null,
  } = await startingSchema({ ...given, databaseUrl: await databaseUrlOf(config, given) }, config);
  if (warning !== undefined) process.stderr.write(`tiptoe: ${warning}\n`);
  const version = given.pgVersion ?? known ?? config.pgVersion ?? NEWEST;
  return { input, catalog, options: analyseOptions(config, version, facts), origin };
}
