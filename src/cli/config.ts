import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Settings as BackfillSettings } from '../backfill/settings.ts';
import { DEFAULT_SETTINGS, type Settings } from '../lint/settings.ts';
import { Problem } from '../problem.ts';
import type { ApplyConfig } from './apply-settings.ts';

const NAME = 'tiptoe.config.json';

export interface Config {
  readonly pgVersion: number | undefined;
  /** From the working directory. */
  readonly dir: string | undefined;
  readonly severities: Readonly<Record<string, 'off' | 'warning' | 'error'>>;
  readonly settings: Settings;
  /** The linter keeps `apply` from a file where a relation of a finding has more rows than this. */
  readonly gateMinRows: number;
  /** What the flags of `apply` are when they are not given. */
  readonly apply: ApplyConfig;
  /** For backfills whose file says nothing else. */
  readonly backfill: Partial<BackfillSettings>;
}

const DEFAULTS: Config = {
  pgVersion: undefined,
  dir: undefined,
  severities: {},
  settings: DEFAULT_SETTINGS,
  gateMinRows: 1_000,
  apply: {},
  backfill: {},
};

/** Reads the named config file, or the nearest one upwards from the working directory. */
export async function readConfig(given: string | undefined): Promise<Config> {
  const path = given === undefined ? findUpwards(process.cwd()) : resolve(given);
  if (path === null) return DEFAULTS;
  const shown = relative(process.cwd(), path) || path;
  // Only who has a config file pays for loading the schema library.
  const { checkConfig } = await import('./config-schema.ts');
  const {
    pgVersion,
    dir,
    rules = {},
    newTables,
    gate,
    apply = {},
    backfill = {},
  } = checkConfig(await readJson(path, shown), shown);
  return {
    pgVersion,
    dir: dir === undefined ? undefined : relative(process.cwd(), resolve(dirname(path), dir)) || '.',
    severities: rules,
    settings: { newTables: { ...DEFAULT_SETTINGS.newTables, ...newTables } },
    gateMinRows: gate?.minRows ?? DEFAULTS.gateMinRows,
    apply,
    backfill,
  };
}

async function readJson(path: string, shown: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Problem(
      `cannot read the config file ${shown}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`,
      {
        advice: 'Give an existing file with --config, or leave the option out.',
        cause: error,
      },
    );
  });
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Problem(`${shown} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, {
      advice: 'Correct the file.',
      cause: error,
    });
  }
}

function findUpwards(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, NAME);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return null;
  }
}
