import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from '../lint/kit.ts';
import { merged, type Override, presetSettings, type RuleSettings } from '../lint/rule-settings.ts';
import type { CheckedConfig } from './check-config.ts';
import type { ConfigFile } from './config-file.ts';

/** What a config says of rules: for all files, and for some. */
export async function ruleSettings(
  {
    extends: presets = [],
    rules = [],
    overrides: some = [],
    ignore = [],
  }: Pick<CheckedConfig, 'extends' | 'rules' | 'overrides' | 'ignore'>,
  file: ConfigFile,
  known: readonly Rule[],
): Promise<RuleSettings & { readonly overrides: readonly Override[] }> {
  const set = rules.filter((entry) => typeof entry !== 'string');
  const nothing = { severities: Object.fromEntries(known.map(({ name }) => [name, 'off' as const])), options: {} };
  const overrides = ignore.length === 0 ? some : [...some, { files: ignore, rules: nothing }];
  return {
    ...merged([...presets.map((preset) => presetSettings(preset, known)), ...set]),
    overrides: overrides.length === 0 ? [] : await readOverrides(overrides, dirname(file.path)),
  };
}

async function readOverrides(
  overrides: NonNullable<CheckedConfig['overrides']>,
  folder: string,
): Promise<readonly Override[]> {
  const { default: picomatch } = await import('picomatch');
  return overrides.map(({ files, rules }) => {
    const matches = (globs: readonly string[]) => {
      const ways = globs.map((glob) => glob.replace(/^\.\//, '').replace(/\/$/, '/**'));
      // One without a slash is the name of a file, wherever it lies.
      const isName = (glob: string): boolean => !glob.includes('/');
      const matchers = [
        picomatch(ways.filter(isName), { dot: true, basename: true }),
        picomatch(
          ways.filter((glob) => !isName(glob)),
          { dot: true },
        ),
      ];
      return (name: string): boolean => matchers.some((matcher) => matcher(name));
    };
    const isIn = matches(files.filter((glob) => !glob.startsWith('!')));
    const isOut = matches(files.flatMap((glob) => (glob.startsWith('!') ? [glob.slice(1)] : [])));
    return {
      ...rules,
      appliesTo: (path) => {
        const name = relative(folder, resolve(path)).split(sep).join('/');
        return isIn(name) && !isOut(name);
      },
    };
  });
}
