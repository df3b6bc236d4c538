import { rules } from '../../rules/index.ts';
import { analyse, type AnalysedFile } from '../lint/engine.ts';
import { readConfig } from './config.ts';
import { readScripts } from './input.ts';
import { startingSchema } from './starting-schema.ts';

/** The newest major version that tiptoe knows; `lint` judges by it unless told otherwise. */
const NEWEST = 18;

/** What `lint` and `explain` share: the files, read and analysed as one history. */
export async function analyseFiles(
  paths: readonly string[],
  given: {
    readonly dir?: string;
    readonly config?: string;
    readonly var: Readonly<Record<string, string>>;
    readonly pgVersion?: number;
    readonly schema?: string;
    readonly databaseUrl?: string;
  },
): Promise<{ files: AnalysedFile[]; version: number }> {
  const config = await readConfig(given.config);
  const scripts = await readScripts(paths, { dir: given.dir ?? config.dir, variables: given.var });
  const before = await startingSchema(given);
  if (before.warning !== undefined) process.stderr.write(`tiptoe: ${before.warning}\n`);
  const version = given.pgVersion ?? before.version ?? config.pgVersion ?? NEWEST;
  return {
    files: analyse(scripts, before.catalog, {
      rules,
      severities: config.severities,
      settings: config.settings,
      version,
    }),
    version,
  };
}
