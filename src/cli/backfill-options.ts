import { addSetting, readSetting, type SettingName, type Settings } from '../backfill/settings.ts';
import { Problem } from '../problem.ts';

/** Options of every `tiptoe backfill` command. */
export interface CommonOptions {
  readonly databaseUrl?: string;
  readonly schema: string;
}

export interface ReportOptions extends CommonOptions {
  readonly format: 'pretty' | 'json';
}

export interface StatusOptions extends CommonOptions {
  readonly format: 'pretty' | 'json' | 'ndjson';
  readonly sql?: boolean;
  readonly watch?: boolean;
}

export interface LogOptions extends ReportOptions {
  readonly last: number;
}

export interface SettingOptions {
  readonly rate?: string;
  readonly maxWal?: string;
  readonly batchTime?: string;
  readonly batchSize?: string;
  readonly maxBatchSize?: string;
  readonly maxLag?: string;
  readonly maxPasses?: string;
  readonly maxSlotWal?: string;
  readonly maxArchiveBacklog?: string;
  readonly maxActive?: string;
  readonly maxTransactionAge?: string;
  readonly maxDead?: string;
  readonly expectReplica?: readonly string[];
  readonly ignoreReplica?: readonly string[];
  readonly replicaUrlEnv?: readonly string[];
  readonly window?: readonly string[];
  readonly signal?: readonly string[];
}

export interface RunOptions extends CommonOptions, SettingOptions {
  readonly configured?: Partial<Settings>;
  readonly key?: string;
  readonly dir?: string;
  readonly var: Readonly<Record<string, string>>;
  readonly workers?: number;
  readonly waitForRunner: number;
  readonly reconnectFor: number;
  readonly resume?: boolean;
  readonly exactTotal?: boolean;
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly format: 'pretty' | 'json' | 'ndjson';
  readonly quiet?: boolean;
  readonly dryRun?: boolean;
  readonly skipPoison?: boolean;
  readonly allowFullScan?: boolean;
}

const FLAGS: Readonly<Record<keyof SettingOptions, SettingName>> = {
  rate: 'rate',
  maxWal: 'max-wal',
  batchTime: 'batch-time',
  batchSize: 'batch-size',
  maxBatchSize: 'max-batch-size',
  maxLag: 'max-lag',
  maxPasses: 'max-passes',
  maxSlotWal: 'max-slot-wal',
  maxArchiveBacklog: 'max-archive-backlog',
  maxActive: 'max-active',
  maxTransactionAge: 'max-transaction-age',
  maxDead: 'max-dead',
  expectReplica: 'expect-replica',
  ignoreReplica: 'ignore-replica',
  replicaUrlEnv: 'replica-url-env',
  window: 'window',
  signal: 'signal',
};

/** The settings among the options; throws a Problem for the first that cannot be read. */
export function readSettings(options: SettingOptions): Partial<Settings> {
  let settings: Partial<Settings> = {};
  for (const [option, name] of Object.entries(FLAGS) as [keyof SettingOptions, SettingName][]) {
    for (const text of [options[option] ?? []].flat()) {
      const read = readSetting(name, text);
      if (typeof read === 'string') throw new Problem(`--${name} is ${read}; not '${text}'.`);
      settings = addSetting(settings, read);
    }
  }
  return settings;
}
