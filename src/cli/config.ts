import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { Settings as BackfillSettings } from '../backfill/settings.ts';
import type { Rule } from '../lint/kit.ts';
import type { Override, RuleSettings } from '../lint/rule-settings.ts';
import { DEFAULT_SETTINGS, type Settings } from '../lint/settings.ts';
import { DEFAULT_LIVE, type LiveSettings } from '../lint/live-settings.ts';
import type { ApplyConfig } from './apply-settings.ts';
import type { AuditConfig } from './audit-schema.ts';
import { type ConfigFile, findConfig, namedConfig } from './config-file.ts';

export interface Config extends RuleSettings {
  /** Where it stands; null where there is none. */
  readonly file: ConfigFile | null;
  readonly pgVersion: number | undefined;
  /** From the working directory. */
  readonly dir: string | undefined;
  /** The migration tool: its name, `auto` or `none`. */
  readonly framework: string;
  /** What placeholders stand for. */
  readonly variables: Readonly<Record<string, string>>;
  /** The team's own, beside those of tiptoe. */
  readonly ownRules: readonly Rule[];
  readonly overrides: readonly Override[];
  readonly settings: Settings;
  /** The file of facts, from the working directory. */
  readonly facts: string | undefined;
  readonly live: LiveConfig;
  /** The linter keeps `apply` from a file where a relation of a finding has more rows than this. */
  readonly gateMinRows: number;
  /** By name. */
  readonly environments: Readonly<Record<string, Environment>>;
  /** What the flags of `apply` are when they are not given. */
  readonly apply: ApplyConfig;
  /** For backfills whose file says nothing else. */
  readonly backfill: Partial<BackfillSettings>;
  /** What `audit` finds, and what it lets be. */
  readonly audit: AuditConfig;
}

/** What the facts of a server mean, and how they are read. */
export interface LiveConfig extends LiveSettings {
  /** What one query may take. */
  readonly statementTimeoutMs: number;
  /** Facts that are older are told to be. */
  readonly maxAgeDays: number;
}

/** A server that has a name. */
interface Environment {
  /** The variable that holds the URL of its database. */
  readonly databaseUrlEnv: string;
}

/** What holds without a config file. */
export const DEFAULT_CONFIG: Config = {
  file: null,
  pgVersion: undefined,
  dir: undefined,
  framework: 'auto',
  variables: {},
  ownRules: [],
  severities: {},
  options: {},
  overrides: [],
  settings: DEFAULT_SETTINGS,
  facts: undefined,
  live: { ...DEFAULT_LIVE, statementTimeoutMs: 5_000, maxAgeDays: 30 },
  gateMinRows: 1_000,
  environments: {},
  apply: {},
  backfill: {},
  audit: { severities: {}, ignore: [], settings: {} },
};

/** What the flags say about the config. */
export interface ConfigFlags {
  readonly config?: string;
  /** False where nothing of the repository may be run. */
  readonly code?: boolean;
  readonly dir?: string;
  readonly env?: string;
  readonly databaseUrl?: string;
}

/** Reads the named config file, or the nearest one upwards from the files. */
export async function readConfig(flags: ConfigFlags, files: readonly string[] = []): Promise<Config> {
  const from = files.length > 0 ? files : [flags.dir ?? '.'];
  const file = flags.config === undefined ? findConfig(from) : namedConfig(flags.config);
  if (file === null) return DEFAULT_CONFIG;
  // Only who has a config file pays for loading the schema library.
  const [{ readContent }, { checkConfig }, { ownRules }, { ruleSettings }, { rules: builtIn }] = await Promise.all([
    import('./config-content.ts'),
    import('./check-config.ts'),
    import('./own-rules.ts'),
    import('./rule-overrides.ts'),
    import('../../rules/index.ts'),
  ]);
  const code = flags.code !== false;
  const content = await readContent(file, { code });
  const own = await ownRules(content.value, file, builtIn, { code });
  const allRules = [...builtIn, ...own.rules];
  const {
    pgVersion,
    dir,
    framework,
    variables,
    newTables,
    facts,
    live,
    gate,
    environments,
    apply,
    backfill,
    audit,
    ...ruled
  } = await checkConfig(content, file.shown, allRules, own.problems);
  return {
    file,
    pgVersion,
    dir: dir === undefined ? undefined : fromHere(file, dir),
    framework: framework ?? DEFAULT_CONFIG.framework,
    variables: variables ?? {},
    ownRules: own.rules,
    ...(await ruleSettings(ruled, file, allRules)),
    settings: { newTables: { ...DEFAULT_SETTINGS.newTables, ...newTables } },
    facts: facts === undefined ? undefined : fromHere(file, facts),
    live: liveConfig(live),
    gateMinRows: gate?.minRows ?? DEFAULT_CONFIG.gateMinRows,
    environments: environments ?? {},
    apply: apply ?? {},
    backfill: backfill ?? {},
    audit: audit ?? DEFAULT_CONFIG.audit,
  };
}

type LiveSettingsGiven = Partial<Omit<LiveConfig, 'throughput' | 'statementTimeoutMs'>> & {
  readonly throughput?: Partial<LiveConfig['throughput']>;
  readonly statementTimeout?: number;
};

function liveConfig({ throughput, statementTimeout, ...given }: LiveSettingsGiven = {}): LiveConfig {
  const { live } = DEFAULT_CONFIG;
  return {
    ...live,
    ...given,
    throughput: { ...live.throughput, ...throughput },
    statementTimeoutMs: statementTimeout ?? live.statementTimeoutMs,
  };
}

function fromHere({ path }: ConfigFile, dir: string): string {
  const there = relative(process.cwd(), resolve(dirname(path), dir));
  return isAbsolute(there) ? there : there.split(sep).join('/') || '.';
}
