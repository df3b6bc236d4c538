import { formatDuration, parseDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import { parseTimeWindow } from '../time-window.ts';
import { readCheck } from './check.ts';

/** What holds a backfill up, beside replica lag and lock waiters; null and empty are off. */
export interface SignalSettings {
  /** Bytes of WAL that a replication slot keeps. */
  readonly maxSlotWal: number | null;
  /** Files of WAL that wait to be archived. */
  readonly maxArchiveBacklog: number | null;
  /** Sessions at work, others than the backfill's own. */
  readonly maxActive: number | null;
  readonly maxTransactionAgeMs: number | null;
  /** Of the table's rows, from 0 to 1. */
  readonly maxDeadShare: number | null;
  /** Standbys that have to be there from the start, by their application_name. */
  readonly expectReplicas: readonly string[];
  /** Standbys that do not matter, by their application_name or environment variable. */
  readonly ignoreReplicas: readonly string[];
  /** Environment variables with the URLs of further standbys. */
  readonly replicaUrlEnvs: readonly string[];
  /** Batches run only then; as written. */
  readonly windows: readonly string[];
  /** Queries of the DBA's own; as written. */
  readonly checks: readonly string[];
  /** What is kept and cannot be read; nothing runs before it is put right. */
  readonly broken: string | null;
}

export const NO_SIGNAL_SETTINGS: SignalSettings = {
  maxSlotWal: null,
  maxArchiveBacklog: null,
  maxActive: null,
  maxTransactionAgeMs: null,
  maxDeadShare: null,
  expectReplicas: [],
  ignoreReplicas: [],
  replicaUrlEnvs: [],
  windows: [],
  checks: [],
  broken: null,
};

export interface SignalReading {
  /** What its value has to be. */
  readonly expected: string;
  /** null where the text is something else. */
  readonly read: (text: string) => Partial<SignalSettings> | null;
  /** As it was written; none when it is off. */
  readonly show: (settings: SignalSettings) => readonly string[];
  /** Whether it may be given again, for one more. */
  readonly repeats?: true;
  /** Why a text cannot be read, where more can be said than what is expected. */
  readonly why?: (text: string) => string | null;
}

export const SIGNAL_READINGS = {
  'max-slot-wal': {
    expected: 'a size such as 10GB, or none',
    read: (text) => optional(text, readBytes, (maxSlotWal) => ({ maxSlotWal })),
    show: ({ maxSlotWal }) => shown(maxSlotWal, formatBytes),
  },
  'max-archive-backlog': {
    expected: 'a whole number of WAL files, such as 100, or none',
    read: (text) => optional(text, wholeNumber, (maxArchiveBacklog) => ({ maxArchiveBacklog })),
    show: ({ maxArchiveBacklog }) => shown(maxArchiveBacklog, String),
  },
  'max-active': {
    expected: 'a whole number of sessions, such as 50, or none',
    read: (text) => optional(text, wholeNumber, (maxActive) => ({ maxActive })),
    show: ({ maxActive }) => shown(maxActive, String),
  },
  'max-transaction-age': {
    expected: 'a duration such as 30min, or none',
    read: (text) => optional(text, parseDuration, (maxTransactionAgeMs) => ({ maxTransactionAgeMs })),
    show: ({ maxTransactionAgeMs }) => shown(maxTransactionAgeMs, formatDuration),
  },
  'max-dead': {
    expected: 'a share of the rows from 1% to 99%, such as 20%, or none',
    read: (text) => optional(text, readShare, (maxDeadShare) => ({ maxDeadShare })),
    show: ({ maxDeadShare }) => shown(maxDeadShare, (share) => `${Math.round(share * 1000) / 10}%`),
  },
  'expect-replica': {
    expected: "a standby's application_name, or several, comma-separated, or none",
    read: (text) => names(text, (expectReplicas) => ({ expectReplicas })),
    show: ({ expectReplicas }) => expectReplicas,
    repeats: true,
  },
  'ignore-replica': {
    expected: "a standby's application_name, or several, comma-separated, or none",
    read: (text) => names(text, (ignoreReplicas) => ({ ignoreReplicas })),
    show: ({ ignoreReplicas }) => ignoreReplicas,
    repeats: true,
  },
  'replica-url-env': {
    expected: "the name of an environment variable that has a standby's URL, such as REPLICA_URL, or none",
    read: (text) =>
      names(text, (replicaUrlEnvs) =>
        replicaUrlEnvs.every((name) => /^[A-Za-z_]\w*$/.test(name)) ? { replicaUrlEnvs } : null,
      ),
    show: ({ replicaUrlEnvs }) => replicaUrlEnvs,
    repeats: true,
  },
  window: {
    expected: "a time such as 'Mon-Fri 22:00-05:00 Europe/Berlin', or none",
    read: (text) => (text === 'none' ? { windows: [] } : isWindow(text) ? { windows: [text] } : null),
    show: ({ windows }) => windows,
    repeats: true,
    why: whyNoWindow,
  },
  signal: {
    expected: "a query such as 'free disk: SELECT true' or 'load <= 8: SELECT 5', or none",
    read: (text) => (text === 'none' ? { checks: [] } : readCheck(text) === null ? null : { checks: [text] }),
    show: ({ checks }) => checks,
    repeats: true,
  },
} as const satisfies Readonly<Record<string, SignalReading>>;

export type SignalSettingName = keyof typeof SIGNAL_READINGS;

export const SIGNAL_SETTING_NAMES = Object.keys(SIGNAL_READINGS) as readonly SignalSettingName[];

/** As they are kept on the server: text by the name in the header, a list where one may be repeated; those that are off are left out. */
export function writeSignalSettings(settings: SignalSettings): Readonly<Record<string, string | readonly string[]>> {
  return Object.fromEntries(
    SIGNAL_SETTING_NAMES.flatMap((name): [string, string | readonly string[]][] => {
      const reading: SignalReading = SIGNAL_READINGS[name];
      const texts = reading.show(settings);
      const [first] = texts;
      return first === undefined ? [] : [[name, reading.repeats === true ? texts : first]];
    }),
  );
}

/** The same the other way round, whoever wrote it; what cannot be read is told in `broken`. */
export function readSignalSettings(kept: unknown): SignalSettings {
  let settings = NO_SIGNAL_SETTINGS;
  const broken: string[] = [];
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept))
    return { ...settings, broken: 'signals is no JSON object' };
  for (const [name, value] of Object.entries(kept)) {
    const reading = SIGNAL_SETTING_NAMES.find((known) => known === name);
    if (reading === undefined) {
      broken.push(`there is no signal '${name}'`);
      continue;
    }
    const read = readAll(SIGNAL_READINGS[reading], value);
    if (read === null) broken.push(`${name} is ${SIGNAL_READINGS[reading].expected}, not ${JSON.stringify(value)}`);
    else settings = { ...settings, ...read };
  }
  return { ...settings, broken: broken.length === 0 ? null : broken.join('; ') };
}

function readAll({ read, repeats }: SignalReading, value: unknown): Partial<SignalSettings> | null {
  const texts = Array.isArray(value) && repeats === true ? value : [value];
  let all: Partial<SignalSettings> = {};
  for (const text of texts) {
    const one = typeof text === 'string' || typeof text === 'number' ? read(String(text).trim()) : null;
    if (one === null) return null;
    all = addLists(all, one);
  }
  return all;
}

/** Later values win; lists become longer. */
export function addLists<T extends object>(before: T, more: T): T {
  const lists = Object.entries(before).flatMap(([name, value]): [string, unknown][] => {
    const added: unknown = Object.entries(more).find(([other]) => other === name)?.[1];
    return Array.isArray(value) && Array.isArray(added) ? [[name, [...value, ...added] as unknown[]]] : [];
  });
  return Object.assign({}, before, more, Object.fromEntries(lists));
}

function optional(
  text: string,
  read: (text: string) => number | null,
  make: (value: number | null) => Partial<SignalSettings>,
): Partial<SignalSettings> | null {
  if (text === 'none') return make(null);
  const value = read(text);
  return value === null || !(value > 0) ? null : make(value);
}

function shown(value: number | null, show: (value: number) => string): readonly string[] {
  return value === null ? [] : [show(value)];
}

function names(
  text: string,
  make: (names: readonly string[]) => Partial<SignalSettings> | null,
): Partial<SignalSettings> | null {
  if (text === 'none') return make([]);
  const found = text.split(',').map((name) => name.trim());
  return found.includes('') ? null : make(found);
}

function isWindow(text: string): boolean {
  return whyNoWindow(text) === null;
}

/** `there is no time zone 'Berlin', did you mean Europe/Berlin?` */
function whyNoWindow(text: string): string | null {
  try {
    parseTimeWindow(text);
    return null;
  } catch (error) {
    if (error instanceof Problem) return error.message.replace(/^'.*?' is not a time window: (.*?)\.$/s, '$1');
    throw error;
  }
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function readShare(text: string): number | null {
  const percent = Number(/^(\d{1,2}(?:\.\d+)?)\s*%$/.exec(text)?.[1] ?? 0);
  return percent >= 1 ? percent / 100 : null;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

function readBytes(text: string): number | null {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kMGT]B)$/i.exec(text) ?? [];
  const power = UNITS.findIndex((known) => known.toLowerCase() === unit.toLowerCase()) + 1;
  return power === 0 ? null : Number(amount) * 1024 ** power;
}

/** `10GB`, `1.5GB`: to two digits after the point. */
export function formatBytes(bytes: number): string {
  const power = Math.max(1, Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Math.round((bytes / 1024 ** power) * 100) / 100}${UNITS[power - 1] ?? 'kB'}`;
}
