import { expect, test } from 'vitest';
import {
  addSetting,
  describeSettings,
  mergeSettings,
  readSetting,
  type SettingName,
} from '../../src/backfill/settings.ts';
import { NO_SIGNAL_SETTINGS, readSignalSettings, writeSignalSettings } from '../../src/backfill/signal-settings.ts';

test.each<[SettingName, string, object]>([
  ['rate', '5000 rows/s', { rate: 5000 }],
  ['rate', '5000/s', { rate: 5000 }],
  ['rate', ' 0.5 ', { rate: 0.5 }],
  ['rate', 'none', { rate: null }],
  ['max-wal', '20MB/s', { maxWalMb: 20 }],
  ['max-wal', '512 kB/s', { maxWalMb: 0.5 }],
  ['max-wal', '1.5GB/s', { maxWalMb: 1536 }],
  ['max-wal', '20', { maxWalMb: 20 }],
  ['max-wal', 'none', { maxWalMb: null }],
  ['max-passes', '1', { maxPasses: 1 }],
  ['batch-time', '1.5s', { batchTimeMs: 1500 }],
  ['batch-size', '1', { batchSize: 1 }],
  ['max-lag', '2min', { maxLagMs: 120_000 }],
  ['max-slot-wal', '10GB', { maxSlotWal: 10 * 1024 ** 3 }],
  ['max-slot-wal', 'none', { maxSlotWal: null }],
  ['max-archive-backlog', '100', { maxArchiveBacklog: 100 }],
  ['max-active', '50', { maxActive: 50 }],
  ['max-transaction-age', '30min', { maxTransactionAgeMs: 1_800_000 }],
  ['max-dead', '12.5 %', { maxDeadShare: 0.125 }],
  ['expect-replica', 'a, b', { expectReplicas: ['a', 'b'] }],
  ['ignore-replica', 'none', { ignoreReplicas: [] }],
  ['replica-url-env', 'EU_URL', { replicaUrlEnvs: ['EU_URL'] }],
  ['window', 'Mon-Fri 22:00-05:00 Europe/Berlin', { windows: ['Mon-Fri 22:00-05:00 Europe/Berlin'] }],
  ['signal', 'free disk: SELECT true', { checks: ['free disk: SELECT true'] }],
])('%s: %s', (name, text, expected) => {
  expect(readSetting(name, text)).toEqual(expected);
});

test.each<[SettingName, string]>([
  ['rate', '0'],
  ['rate', '-1'],
  ['rate', '5000 rows/min'],
  ['rate', ''],
  ['max-wal', '0MB/s'],
  ['max-passes', '0'],
  ['max-passes', 'none'],
  ['max-wal', '20mb/s'],
  ['max-wal', '20MB/min'],
  ['batch-time', '250'],
  ['batch-time', '0ms'],
  ['batch-time', '1h'],
  ['batch-size', '0'],
  ['batch-size', '1e3'],
  ['max-batch-size', '1000001'],
  ['max-lag', '0s'],
  ['max-slot-wal', '10'],
  ['max-slot-wal', '0GB'],
  ['max-archive-backlog', '-1'],
  ['max-active', '0'],
  ['max-transaction-age', 'long'],
  ['max-dead', '0.2'],
  ['max-dead', '100%'],
  ['expect-replica', 'a,,b'],
  ['replica-url-env', 'postgres://me:secret@host/db'],
  ['window', '22:00-05:00 Europe/Nowhere'],
  ['signal', 'SELECT true'],
  ['signal', 'free disk: DELETE FROM t'],
])('not %s: %s', (name, text) => {
  expect(readSetting(name, text)).toEqual(expect.any(String));
});

test('a window that is none says why, with the zone that was meant', () => {
  expect(readSetting('window', '22:00-05:00 Berlin')).toBe(
    "a time such as 'Mon-Fri 22:00-05:00 Europe/Berlin', or none (there is no time zone 'Berlin', did you mean Europe/Berlin?)",
  );
});

test('later layers win, and the first batch is not above the greatest', () => {
  expect(mergeSettings({ rate: 5, maxLagMs: 1 }, { rate: null, maxBatchSize: 10 })).toEqual({
    rate: null,
    maxWalMb: null,
    batchTimeMs: 250,
    batchSize: 10,
    maxBatchSize: 10,
    maxLagMs: 1,
    maxPasses: 3,
    ...NO_SIGNAL_SETTINGS,
  });
  expect(describeSettings(mergeSettings({ rate: 5 }))).toEqual([
    'rate 5 rows/s',
    'max-wal none',
    'batch-time 250ms',
    'batch-size 1000',
    'max-batch-size 20000',
    'max-lag 5s',
    'max-passes 3',
  ]);
});

test('what may be given again adds up', () => {
  const once = addSetting({ maxActive: 3 }, { windows: ['01:00-02:00'] });
  expect(addSetting(once, { windows: ['03:00-04:00'], maxActive: 5 })).toEqual({
    windows: ['01:00-02:00', '03:00-04:00'],
    maxActive: 5,
  });
});

test('signals are kept as they are written, and those that are on are described', () => {
  const settings = mergeSettings({
    maxSlotWal: 1.5 * 1024 ** 3,
    maxDeadShare: 0.2,
    maxTransactionAgeMs: 60_000,
    ignoreReplicas: ['a', 'b'],
    checks: ['load <= 8: SELECT 5'],
  });
  const kept = writeSignalSettings(settings);
  expect(kept).toEqual({
    'max-slot-wal': '1.5GB',
    'max-dead': '20%',
    'max-transaction-age': '1min',
    'ignore-replica': ['a', 'b'],
    signal: ['load <= 8: SELECT 5'],
  });
  expect(mergeSettings(readSignalSettings(JSON.parse(JSON.stringify(kept))))).toEqual(settings);
  expect(describeSettings(settings).slice(7)).toEqual([
    'max-slot-wal 1.5GB',
    'max-transaction-age 1min',
    'max-dead 20%',
    'ignore-replica a',
    'ignore-replica b',
    'signal load <= 8: SELECT 5',
  ]);
});

test('what someone wrote into the table is read as far as it can be, and the rest is told', () => {
  expect(readSignalSettings({ 'max-active': 50, 'ignore-replica': 'a', 'max-ded': '20%', 'max-dead': 20 })).toEqual({
    ...NO_SIGNAL_SETTINGS,
    maxActive: 50,
    ignoreReplicas: ['a'],
    broken:
      "there is no signal 'max-ded'; max-dead is a share of the rows from 1% to 99%, such as 20%, or none, not 20",
  });
  expect(readSignalSettings([]).broken).toBe('signals is no JSON object');
});
