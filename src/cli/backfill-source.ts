import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BackfillSource } from '../backfill/job.ts';
import type { Settings } from '../backfill/settings.ts';
import { type BackfillSpec, readKey, readSpec } from '../backfill/spec.ts';
import { detectDir, discover, type MigrationFile } from '../migrate/discovery.ts';
import { Problem } from '../problem.ts';

export const SUFFIX = '.backfill.sql';

export interface SourceOptions {
  readonly dir?: string;
  readonly var: Readonly<Record<string, string>>;
  readonly key?: string;
  /** By the config, where the file says nothing else. */
  readonly configured?: Partial<Settings>;
}

/** What `backfill run` was given: a file, else the name of one in the migrations folder, else one that the database knows. */
export async function findSource(given: string, options: SourceOptions): Promise<BackfillSource> {
  const file = await findFile(given, options.dir);
  const keyColumns = options.key === undefined ? null : readKey(options.key);
  if (options.key !== undefined && keyColumns === null) {
    throw new Problem(`--key takes one column or several, comma-separated; not '${options.key}'.`);
  }
  if (file === null) {
    if (given.endsWith('.sql') || given.includes('/'))
      throw new Problem(`There is no file ${given}.`, { advice: 'Check the path.' });
    if (keyColumns !== null)
      throw new Problem('--key needs the file of the backfill.', { advice: `Give the path of ${given}${SUFFIX}.` });
    return { name: given };
  }
  const spec = withConfigured(readSpec(file, options.var), options.configured ?? {});
  return keyColumns === null ? spec : { ...spec, keyColumns };
}

/** With the settings of the config below those of the file. */
export function withConfigured(spec: BackfillSpec, configured: Partial<Settings>): BackfillSpec {
  return { ...spec, settings: { ...configured, ...spec.settings } };
}

async function findFile(given: string, dir: string | undefined): Promise<MigrationFile | null> {
  const cwd = process.cwd();
  const inDir = join(dir ?? (await detectDir(cwd)), given.endsWith(SUFFIX) ? basename(given) : `${given}${SUFFIX}`);
  for (const path of [given, inDir]) {
    if (!(await isFile(path))) continue;
    const [file] = await discover([path], { cwd });
    if (file?.kind === 'backfill') return file;
    throw new Problem(`${given} is not a backfill: its name does not end in ${SUFFIX}.`, {
      advice: 'Rename it, or run it as a migration with tiptoe apply.',
    });
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
