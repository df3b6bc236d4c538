import type { NewTable, NewTables } from '../lint/settings.ts';
import type { Level, Preset } from '../lint/rule-settings.ts';

/** A severity, or one with what is set of the rule's options: `['warning', { columns: 80 }]`. */
export type RuleSetting = Level | readonly [Level] | readonly [Level, Readonly<Record<string, unknown>>];

/** Severities and options, by the names of rules. */
export type RuleTable = Readonly<Record<string, RuleSetting>>;

/** The thresholds and speeds by which findings are judged on a server. */
export interface LiveUserConfig {
  /** A tiny table has at most so many rows, and at most so many bytes. */
  readonly tinyRows?: number;
  readonly tinyBytes?: number;
  /** A hot table takes at least so many writes a second. */
  readonly hotWritesPerSecond?: number;
  /** MB/s between which a table is read, an index built, and a table written anew, slowest first. */
  readonly throughput?: {
    readonly scan?: readonly [number, number];
    readonly indexBuild?: readonly [number, number];
    readonly rewrite?: readonly [number, number];
  };
  /** What one query for facts may take: `5s`. */
  readonly statementTimeout?: string;
  /** Facts of a file that are older are told to be. */
  readonly maxAgeDays?: number;
}

/** What `tiptoe.config.ts` may hold, and `.json`, `.jsonc` and `.yaml` as well. */
export interface UserConfig {
  /** Where editors find what a config may hold. */
  readonly $schema?: string;
  /** The server's major version, 13 to 18. */
  readonly pgVersion?: number;
  /** Where the migrations are, from the config file's folder. */
  readonly dir?: string;
  /** The migration tool; `auto`, as without it, finds it by its files, with `none` files run as `tiptoe apply` runs them. */
  readonly framework?: string;
  /** Texts for placeholders, as `--var` gives them. */
  readonly variables?: Readonly<Record<string, string>>;
  /** `recommended` is what holds without any, `strict` adds the rules that are off, `style` those of that category. */
  readonly extends?: readonly Preset[];
  /** Severities and options of rules; in a list, also files with rules of your own: `['./my-rule.ts', { 'my-rule': 'error' }]`. */
  readonly rules?: RuleTable | readonly (string | RuleTable)[];
  /** Globs, from the config file's folder, of files that nothing is reported of; they are read all the same, as a part of the history. */
  readonly ignore?: readonly string[];
  /** What is different for some files; of several for one file, the last has the last word. */
  readonly overrides?: readonly {
    /** Globs, from the config file's folder; one that begins with `!` takes files out again. */
    readonly files: string | readonly string[];
    readonly rules: RuleTable;
  }[];
  /** What a new table needs: see the rule `write-heavy-table`. */
  readonly newTables?: Partial<Omit<NewTables, 'maxWritesPerSecond' | 'tables'>> & {
    readonly maxWritesPerSecond?: number;
    readonly tables?: Readonly<
      Record<string, { readonly policy?: NewTable['policy']; readonly maxWritesPerSecond?: number }>
    >;
  };
  /** The file that `tiptoe snapshot` wrote, from the config file's folder. */
  readonly facts?: string;
  /** What sizes and traffic of a server mean for findings. */
  readonly live?: LiveUserConfig;
  /** When the linter keeps `apply` from running a file. */
  readonly gate?: { readonly minRows?: number };
  /** Servers, for `--env NAME`. */
  readonly environments?: Readonly<
    Record<
      string,
      {
        /** The name of the variable that holds the database URL. */
        readonly databaseUrlEnv: string;
      }
    >
  >;
  /** What the flags of `apply` are when they are not given, by their names in camel case. */
  readonly apply?: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** Settings of every backfill whose file says nothing else, by their names in camel case. */
  readonly backfill?: Readonly<Record<string, string | readonly string[]>>;
  /** What `tiptoe audit` finds, and what it lets be. */
  readonly audit?: {
    /** Severities by the names of checks, as `tiptoe audit --list` has them. */
    readonly checks?: Readonly<Record<string, Level>>;
    readonly ignore?: readonly { readonly check: string; readonly object: string; readonly reason: string }[];
    readonly longTransaction?: string;
    readonly unusedAfter?: string;
    readonly maxSlotWal?: string;
    readonly maxKeyPercent?: number;
    readonly minTableSize?: string;
  };
}

/** A config, with its types: `export default defineConfig({ … })` in `tiptoe.config.ts`. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
