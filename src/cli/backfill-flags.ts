import type { SettingName } from '../backfill/settings.ts';

interface SettingFlag {
  /** What is written after `--name`. */
  readonly value: string;
  /** For `--help`, and for editors of a config. */
  readonly description: string;
  readonly repeatable?: true;
}

/** What a person is told of each setting of a backfill, in the order of `--help`. */
export const SETTING_FLAGS: Readonly<Record<SettingName, SettingFlag>> = {
  rate: { value: 'rows/s', description: 'rows changed per second at most, or none' },
  'max-wal': { value: 'MB/s', description: 'WAL that the batches write at most, such as 20MB/s, or none' },
  'batch-time': { value: 'time', description: 'what a batch should take while its size adapts, such as 250ms' },
  'batch-size': { value: 'keys', description: 'keys in the first batch, such as 1000' },
  'max-batch-size': { value: 'keys', description: 'keys in a batch at most, such as 20000' },
  'max-lag': { value: 'time', description: 'write nothing while a standby is further behind, such as 5s' },
  'max-passes': {
    value: 'passes',
    description: 'how often to walk the keys while rows came behind the walk, such as 3',
  },
  'replica-url-env': {
    value: 'name',
    description: "environment variable with the URL of a standby's standby",
    repeatable: true,
  },
  'expect-replica': {
    value: 'name',
    description: 'write nothing while this standby is not connected',
    repeatable: true,
  },
  'ignore-replica': { value: 'name', description: 'a standby that does not matter', repeatable: true },
  'max-slot-wal': { value: 'size', description: 'WAL that a replication slot may keep, such as 10GB' },
  'max-archive-backlog': { value: 'files', description: 'WAL files that may wait to be archived, such as 100' },
  'max-active': { value: 'sessions', description: 'other sessions that may be active, such as 50' },
  'max-transaction-age': { value: 'time', description: 'how old a transaction may be, such as 30min' },
  'max-dead': {
    value: 'share',
    description: 'dead rows that the table may have, such as 20%; half speed during a vacuum',
  },
  window: { value: 'times', description: 'write only then, as "Mon-Fri 22:00-05:00 Europe/Berlin"', repeatable: true },
  signal: {
    value: 'query',
    description:
      "write only while a query says true, or a number within a bound: 'free disk: SELECT …', 'load <= 8: SELECT …'",
    repeatable: true,
  },
};
