import { effectiveRules, settingsFor } from '../lint/rule-settings.ts';
import { analyseOptions } from './analyse-options.ts';
import { type ConfigFlags, readConfig } from './config.ts';

/** The config as it holds for a file, or for all, as JSON: every rule with its severity, and with its options where it has some. */
export async function printedConfig(file: string | null, flags: ConfigFlags): Promise<string> {
  const config = await readConfig(flags, file === null ? [] : [file]);
  const {
    file: read,
    ownRules,
    pgVersion,
    dir,
    framework,
    variables,
    settings,
    gateMinRows,
    environments,
    apply,
    backfill,
    audit,
  } = config;
  const { rules } = analyseOptions(config, 0);
  const held = effectiveRules(rules, file === null ? config : settingsFor(config, file)).map(
    ({ rule, level, options }) => [rule.name, rule.options === undefined ? level : [level, options]],
  );
  const document = {
    file: read?.shown ?? null,
    pgVersion: pgVersion ?? null,
    dir: dir ?? null,
    framework,
    variables,
    rules: Object.fromEntries(held),
    ownRules: ownRules.map(({ name, origin }) => ({ name, file: origin })),
    ...settings,
    gate: { minRows: gateMinRows },
    environments,
    apply,
    backfill,
    audit,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
