import { Option } from 'commander';
import { parseTimeWindow } from '../time-window.ts';
import { capTime, command, duration, outOfOrder, schemaName } from './options.ts';

/** A setting of `apply`: a flag, and an entry of `apply` in the config file, which holds the same text. */
export interface ApplySetting {
  readonly flags: string;
  readonly description: string;
  /** What the text means; throws a Problem that says what is wrong with it. */
  readonly read: (text: string) => unknown;
  /** Otherwise one text: a flag that may be repeated, or one that stands alone. */
  readonly takes?: 'several' | 'nothing';
  /** As a user would write it. */
  readonly otherwise?: string;
}

const time = (flags: string, description: string, otherwise: string): ApplySetting => ({
  flags,
  description,
  read: duration,
  otherwise,
});

/** By the name in the config, which is the flag's own in camel case; in the order of the help. */
export const APPLY_SETTINGS = {
  schema: {
    flags: '--schema <name>',
    description: "tiptoe's own schema on the server",
    read: schemaName,
    otherwise: 'tiptoe',
  },
  maxStall: time('--max-stall <time>', 'how long traffic may wait behind us while we wait for a lock', '200ms'),
  lockTimeout: {
    flags: '--lock-timeout <time>',
    description:
      'how long the first try waits for a lock; later ones grow to --max-stall (default: 30ms, or --max-stall)',
    read: duration,
  },
  giveUpAfter: time('--give-up-after <time>', 'how long to try for a lock, all tries together', '10min'),
  cap: {
    flags: '--cap <time>',
    description: 'how long a transaction may hold locks that block others',
    read: capTime,
    otherwise: '5s',
  },
  maxCap: time('--max-cap <time>', 'the longest cap that a file may ask for (-- tiptoe:cap 20s: reason)', '60s'),
  waitForSnapshots: time(
    '--wait-for-snapshots <time>',
    'how long online work (CONCURRENTLY) may wait for transactions that were open before it',
    '4h',
  ),
  waitForRunner: time(
    '--wait-for-runner <time>',
    'how long to wait while another tiptoe applies migrations here',
    '60s',
  ),
  outOfOrder: {
    flags: '--out-of-order <policy>',
    description: 'what to do with a migration that comes before applied ones: refuse, warn or allow',
    read: outOfOrder,
    otherwise: 'refuse',
  },
  window: {
    flags: '--window <times>',
    description: 'begin work only then, as "Mon-Fri 22:00-05:00 Europe/Berlin" (repeatable; UTC without a zone)',
    read: parseTimeWindow,
    takes: 'several',
  },
  waitForWindow: {
    flags: '--wait-for-window',
    description: 'wait until the window opens, instead of stopping with exit code 3',
    read: () => true,
    takes: 'nothing',
  },
  waitForReplicas: {
    flags: '--wait-for-replicas <time>',
    description: 'before each migration, and after the last one, wait until no standby is further behind',
    read: duration,
  },
  before: {
    flags: '--before <command>',
    description: 'run by the shell before the first migration; when it fails, nothing is begun',
    read: command,
  },
  after: {
    flags: '--after <command>',
    description: 'run by the shell after the last one, with the outcome in TIPTOE_OUTCOME',
    read: command,
  },
  hookTimeout: time('--hook-timeout <time>', 'how long each of these two commands may take', '5min'),
} as const satisfies Readonly<Record<string, ApplySetting>>;

/** What a config file says of them, read. */
export type ApplyConfig = Readonly<Partial<Record<keyof typeof APPLY_SETTINGS, unknown>>>;

/** The setting as an option of a command line. */
export function settingOption({ flags, description, read, takes, otherwise }: ApplySetting): Option {
  const option = new Option(flags, description);
  if (takes === 'nothing') return option;
  if (takes === 'several')
    return option.argParser((text: string, before: readonly unknown[] | undefined) => [...(before ?? []), read(text)]);
  option.argParser(read);
  return otherwise === undefined ? option : option.default(read(otherwise), otherwise);
}

export const schema = (): Option => settingOption(APPLY_SETTINGS.schema);
