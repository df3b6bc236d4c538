import { rules as builtIn } from '../../rules/index.ts';
import { emptyCatalog } from '../catalog/catalog.ts';
import { catalogFromDump } from '../catalog/from-dump.ts';
import { type AnalysedFile, analyse, type AnalyseOptions } from '../lint/engine.ts';
import type { Rule } from '../lint/kit.ts';
import { DEFAULT_LIVE } from '../lint/live-settings.ts';
import { readOwnRule } from '../lint/own-rule.ts';
import { type Level, merged, type Preset, presetSettings } from '../lint/rule-settings.ts';
import { DEFAULT_SETTINGS, type NewTables } from '../lint/settings.ts';
import { factsOf, schemaOf, type Snapshot } from '../lint/snapshot.ts';
import { Problem } from '../problem.ts';
import type { FactsOrigin } from '../report/lint-report.ts';
import { loadParserAsGuest } from '../sql/libpg.ts';
import { parseScript } from '../sql/script.ts';
import type { RuleTable } from './config.ts';
import type { ToolMigration } from './tool.ts';

/** A migration: the text that is run, and what reports shall call it. */
export interface Migration {
  readonly path: string;
  readonly text: string;
}

/** How to read migrations. */
export interface ReadOptions {
  /** The server's major version, 13 to 18; 18 without it. */
  readonly pgVersion?: number;
  /** What is there before the first file, as `pg_dump --schema-only` wrote it; nothing without it. */
  readonly schema?: string;
  /** Texts for placeholders, as `--var` gives them. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * What `tiptoe snapshot` wrote, as text or parsed: sizes, traffic and the schema before the first file, with the server's version where
   * `pgVersion` says nothing else.
   */
  readonly facts?: string | object;
  /**
   * The tool that runs the migrations, by its name in the config: it decides which statements share a transaction, and what of a file takes it
   * back. `auto` finds it by their paths and texts. Without it, or with `none`, they run as `tiptoe apply` runs them.
   */
  readonly framework?: string;
}

/** How to judge migrations. */
export interface JudgeOptions extends ReadOptions {
  /** Presets, as in the config. */
  readonly extends?: readonly Preset[];
  /** Severities and options, as in the config. */
  readonly rules?: RuleTable;
  /** Rules beside those of tiptoe, as `defineRule` makes them. */
  readonly ownRules?: readonly Rule[];
  /** What a new table needs: see the rule `write-heavy-table`. */
  readonly newTables?: Partial<NewTables>;
}

/** One text, or several in the order in which they run. */
export type Migrations = string | readonly Migration[];

/** Reads migrations as one history. Throws where an option cannot be meant. */
export async function read(
  migrations: Migrations,
  options: JudgeOptions,
): Promise<{ readonly files: readonly AnalysedFile[]; readonly version: number; readonly facts?: FactsOrigin }> {
  refuseOthers(migrations, options);
  const { schema, variables = {}, framework = 'none' } = options;
  const snapshot = options.facts === undefined ? null : await snapshotOf(options.facts);
  if (snapshot !== null && schema !== undefined)
    throw new Problem('schema and facts both say what is there before the first file.', {
      advice: 'Give one of them.',
    });
  const settled = settle({ ...(snapshot !== null && { pgVersion: snapshot.pgVersion }), ...options });
  const given = typeof migrations === 'string' ? [{ path: 'migration.sql', text: migrations }] : migrations;
  const inOrder: readonly ToolMigration[] =
    framework === 'none' ? given : (await import('./tool.ts')).asToolRuns(given, framework);
  await loadParserAsGuest();
  const scripts = inOrder.map(({ path, text, run, fills }) => ({
    ...parseScript(path, text, variables, undefined, fills),
    ...(run === undefined ? {} : { run }),
  }));
  if (snapshot === null) {
    const catalog = schema === undefined ? emptyCatalog() : catalogFromDump(parseScript('schema', schema)).catalog;
    return { files: analyse(scripts, catalog, settled), version: settled.version };
  }
  const known = { ...settled, facts: factsOf(snapshot), live: DEFAULT_LIVE };
  return {
    files: analyse(scripts, schemaOf(snapshot), known),
    version: settled.version,
    facts: { source: FACTS, takenAt: snapshot.takenAt, age: null },
  };
}

const FACTS = 'given';

async function snapshotOf(facts: string | object): Promise<Snapshot> {
  // Only who has facts pays for loading the schema library.
  const { readFacts, readFactsText } = await import('../lint/facts-document.ts');
  return typeof facts === 'string' ? readFactsText(facts, FACTS) : readFacts(facts, FACTS);
}

const NEWEST = 18;

const OPTIONS: Readonly<Record<keyof JudgeOptions, true>> = {
  pgVersion: true,
  schema: true,
  variables: true,
  facts: true,
  framework: true,
  extends: true,
  rules: true,
  ownRules: true,
  newTables: true,
};

/** What no compiler has looked at. */
function refuseOthers(migrations: unknown, options: object): void {
  const isMigration = (given: unknown): boolean =>
    typeof given === 'object' &&
    given !== null &&
    'path' in given &&
    typeof given.path === 'string' &&
    'text' in given &&
    typeof given.text === 'string';
  if (typeof migrations !== 'string' && !(Array.isArray(migrations) && migrations.every(isMigration)))
    throw new Problem('migrations are a text, or a list of { path, text }.');
  const other = Object.keys(options).find((option) => !Object.hasOwn(OPTIONS, option));
  if (other !== undefined)
    throw new Problem(`there is no option '${other}'; there are ${Object.keys(OPTIONS).join(', ')}.`);
}

function settle({
  pgVersion: version = NEWEST,
  extends: presets = [],
  rules: table = {},
  ownRules = [],
  newTables,
}: JudgeOptions): AnalyseOptions {
  if (!Number.isInteger(version) || version < 13 || version > NEWEST)
    throw new Problem(`pgVersion is a whole number from 13 to ${NEWEST}, not ${version}.`);
  const rules = [...builtIn];
  for (const given of ownRules) {
    const rule = readOwnRule(given, 'ownRules', new Set(rules.map(({ name }) => name)));
    if (Array.isArray(rule)) throw new Problem(`a rule in ownRules cannot be used: ${rule.join('; ')}.`);
    rules.push(rule);
  }
  const severities: Record<string, Level> = {};
  const options: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [name, setting] of Object.entries(table)) {
    const [level, values = {}] = typeof setting === 'string' ? [setting] : setting;
    const rule = rules.find((known) => known.name === name);
    if (rule === undefined) throw new Problem(`there is no rule '${name}'.`);
    if (!['off', 'warning', 'error'].includes(level))
      throw new Problem(`rules.${name} is 'off', 'warning' or 'error', not '${level}'.`);
    const unknown = Object.keys(values).find((option) => !Object.hasOwn(rule.options ?? {}, option));
    if (unknown !== undefined) throw new Problem(`the rule ${name} has no option '${unknown}'.`);
    severities[name] = level;
    options[name] = values;
  }
  return {
    ...merged([...presets.map((preset) => presetSettings(preset, rules)), { severities, options }]),
    rules,
    settings: { newTables: { ...DEFAULT_SETTINGS.newTables, ...newTables } },
    version,
  };
}
