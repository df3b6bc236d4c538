import { expect, test } from 'vitest';
import { describeSettings, mergeSettings, readSetting, type SettingName } from '../../src/backfill/settings.ts';

test.each<[SettingName, string, object]>([
  ['rate', '5000 rows/s', { rate: 5000 }],
  ['rate', '5000/s', { rate: 5000 }],
  ['rate', ' 0.5 ', { rate: 0.5 }],
  ['rate', 'none', { rate: null }],
  ['batch-time', '1.5s', { batchTimeMs: 1500 }],
  ['batch-size', '1', { batchSize: 1 }],
  ['max-lag', '2min', { maxLagMs: 120_000 }],
])('%s: %s', (name, text, expected) => {
  expect(readSetting(name, text)).toEqual(expected);
});

test.each<[SettingName, string]>([
  ['rate', '0'],
  ['rate', '-1'],
  ['rate', '5000 rows/min'],
  ['rate', ''],
  ['batch-time', '250'],
  ['batch-time', '0ms'],
  ['batch-time', '1h'],
  ['batch-size', '0'],
  ['batch-size', '1e3'],
  ['max-batch-size', '1000001'],
  ['max-lag', '0s'],
])('not %s: %s', (name, text) => {
  expect(readSetting(name, text)).toEqual(expect.any(String));
});

test('later layers win, and the first batch is not above the greatest', () => {
  expect(mergeSettings({ rate: 5, maxLagMs: 1 }, { rate: null, maxBatchSize: 10 })).toEqual({
    rate: null,
    batchTimeMs: 250,
    batchSize: 10,
    maxBatchSize: 10,
    maxLagMs: 1,
  });
  expect(describeSettings(mergeSettings({ rate: 5 }))).toEqual([
    'rate 5 rows/s',
    'batch-time 250ms',
    'batch-size 1000',
    'max-batch-size 20000',
    'max-lag 5s',
  ]);
});
