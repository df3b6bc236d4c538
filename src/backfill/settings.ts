import { formatDuration, parseDuration } from '../duration.ts';
import {
  addLists,
  NO_SIGNAL_SETTINGS,
  SIGNAL_READINGS,
  SIGNAL_SETTING_NAMES,
  type SignalReading,
  type SignalSettingName,
  type SignalSettings,
} from './signal-settings.ts';

/** How fast a backfill may go; all of it can be changed while it runs. */
export interface Settings extends SignalSettings {
  /** Rows changed per second at most; null for no limit. */
  readonly rate: number | null;
  /** WAL written per second at most, in MB of 1024² bytes; null for no limit. */
  readonly maxWalMb: number | null;
  /** What a batch should take while its size adapts. */
  readonly batchTimeMs: number;
  /** Keys in the first batch. */
  readonly batchSize: number;
  readonly maxBatchSize: number;
  /** With a standby further behind, nothing is written. */
  readonly maxLagMs: number;
  /** Walks over the keys at most, the further ones for rows that came behind the walk. */
  readonly maxPasses: number;
}

export const DEFAULT_SETTINGS: Settings = {
  rate: null,
  maxWalMb: null,
  batchTimeMs: 250,
  batchSize: 1000,
  maxBatchSize: 20_000,
  maxLagMs: 5_000,
  maxPasses: 3,
  ...NO_SIGNAL_SETTINGS,
};

const PACE_NAMES = ['rate', 'max-wal', 'batch-time', 'batch-size', 'max-batch-size', 'max-lag', 'max-passes'] as const;

export const SETTING_NAMES = [...PACE_NAMES, ...SIGNAL_SETTING_NAMES] as const;

/** In a file's header, as a flag and in `backfill set`. */
export type SettingName = (typeof SETTING_NAMES)[number];

interface Reading {
  /** What its value has to be. */
  readonly expected: string;
  /** null where the text is something else. */
  readonly read: (text: string) => Partial<Settings> | null;
  readonly show: (settings: Settings) => string;
}

const BATCH_SIZE = 'a whole number of rows from 1 to 1000000, such as 1000';

/** As PostgreSQL counts them. */
const MB_IN: Readonly<Record<string, number>> = { kB: 1 / 1024, MB: 1, GB: 1024 };

const READINGS: Readonly<Record<(typeof PACE_NAMES)[number], Reading>> = {
  rate: {
    expected: "more than 0 rows per second, such as '5000 rows/s', or none for no limit; to stop a backfill, pause it",
    read: (text) => {
      if (text === 'none') return { rate: null };
      const match = /^(\d+(?:\.\d+)?)(?:\s*(?:rows?)?\s*\/\s*s(?:ec)?)?$/.exec(text);
      const rate = Number(match?.[1] ?? 0);
      return rate > 0 ? { rate } : null;
    },
    show: ({ rate }) => (rate === null ? 'none' : `${rate} rows/s`),
  },
  'max-wal': {
    expected: "more than 0 MB of WAL per second, such as '20MB/s', or none for no limit; to stop a backfill, pause it",
    read: (text) => {
      if (text === 'none') return { maxWalMb: null };
      const [, amount = '0', unit = 'MB'] = /^(\d+(?:\.\d+)?)\s*([kMG]B)?(?:\s*\/\s*s(?:ec)?)?$/.exec(text) ?? [];
      const maxWalMb = Number(amount) * (MB_IN[unit] ?? 1);
      return maxWalMb > 0 ? { maxWalMb } : null;
    },
    show: ({ maxWalMb }) => (maxWalMb === null ? 'none' : `${maxWalMb} MB/s`),
  },
  'batch-time': {
    expected: 'a duration from 1ms to 1min, such as 250ms',
    read: (text) => within(parseDuration(text), 60_000, (batchTimeMs) => ({ batchTimeMs })),
    show: ({ batchTimeMs }) => formatDuration(batchTimeMs),
  },
  'batch-size': {
    expected: BATCH_SIZE,
    read: (text) => within(wholeNumber(text), 1_000_000, (batchSize) => ({ batchSize })),
    show: ({ batchSize }) => String(batchSize),
  },
  'max-batch-size': {
    expected: BATCH_SIZE,
    read: (text) => within(wholeNumber(text), 1_000_000, (maxBatchSize) => ({ maxBatchSize })),
    show: ({ maxBatchSize }) => String(maxBatchSize),
  },
  'max-lag': {
    expected: 'a duration from 1ms to 24h, such as 5s',
    read: (text) => within(parseDuration(text), 24 * 3_600_000, (maxLagMs) => ({ maxLagMs })),
    show: ({ maxLagMs }) => formatDuration(maxLagMs),
  },
  'max-passes': {
    expected: 'a whole number of passes from 1 to 1000, such as 3',
    read: (text) => within(wholeNumber(text), 1_000, (maxPasses) => ({ maxPasses })),
    show: ({ maxPasses }) => String(maxPasses),
  },
};

/** Reads one setting; where it cannot, says what its value has to be. */
export function readSetting(name: SettingName, text: string): Partial<Settings> | string {
  const reading: Reading | SignalReading = isSignal(name) ? SIGNAL_READINGS[name] : READINGS[name];
  const value = reading.read(text.trim());
  if (value !== null) return value;
  const why = 'why' in reading ? (reading.why?.(text.trim()) ?? null) : null;
  return why === null ? reading.expected : `${reading.expected} (${why})`;
}

/** Whether a setting may be given again, for one more. */
export function repeats(name: SettingName): boolean {
  const reading: SignalReading | null = isSignal(name) ? SIGNAL_READINGS[name] : null;
  return reading?.repeats === true;
}

/** One more setting; one that may be given again adds to its list. */
export function addSetting(before: Partial<Settings>, more: Partial<Settings>): Partial<Settings> {
  return addLists(before, more);
}

/** Layers over the defaults, the later ones on top. */
export function mergeSettings(...layers: readonly Partial<Settings>[]): Settings {
  const merged: Settings = Object.assign({}, DEFAULT_SETTINGS, ...layers);
  // The first size is a wish, the greatest one a promise.
  return { ...merged, batchSize: Math.min(merged.batchSize, merged.maxBatchSize) };
}

/** `rate 5000 rows/s`, `batch-time 250ms`, …, and the signals that are on */
export function describeSettings(settings: Settings): string[] {
  return [
    ...PACE_NAMES.map((name) => `${name} ${READINGS[name].show(settings)}`),
    ...SIGNAL_SETTING_NAMES.flatMap((name) => SIGNAL_READINGS[name].show(settings).map((text) => `${name} ${text}`)),
  ];
}

function isSignal(name: SettingName): name is SignalSettingName {
  return SIGNAL_SETTING_NAMES.some((known) => known === name);
}

function within(
  value: number | null,
  most: number,
  make: (value: number) => Partial<Settings>,
): Partial<Settings> | null {
  return value !== null && value >= 1 && value <= most ? make(value) : null;
}

function wholeNumber(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}
