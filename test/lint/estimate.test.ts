import { expect, test } from 'vitest';
import { estimateOf, roughRange } from '../../src/lint/estimate.ts';
import { DEFAULT_LIVE } from '../../src/lint/live-settings.ts';

const GB = 1_024 ** 3;

test('a scan of 84 GB', () => {
  const estimate = estimateOf({ scan: 84 * GB }, DEFAULT_LIVE);
  expect(estimate).toEqual({ seconds: [179, 717], basis: '84 GB at 120 to 480 MB/s' });
  expect(roughRange(estimate?.seconds ?? [0, 0])).toBe('3 to 12 min');
});

test('kinds of work add up, each with its own basis', () => {
  expect(estimateOf({ scan: GB, rewrite: GB }, DEFAULT_LIVE)).toEqual({
    seconds: [14.9, 59.7],
    basis: '1 GB at 120 to 480 MB/s and 1 GB at 20 to 80 MB/s',
  });
});

test('no work takes no time that could be told', () => {
  expect(estimateOf({}, DEFAULT_LIVE)).toBeNull();
  expect(estimateOf({ scan: 0 }, DEFAULT_LIVE)).toBeNull();
});

test('what the team measured is the basis', () => {
  const throughput = { ...DEFAULT_LIVE.throughput, scan: [200, 200] as const };
  expect(estimateOf({ scan: 2 * GB }, { throughput })).toEqual({ seconds: [10.2, 10.2], basis: '2 GB at 200 MB/s' });
});

test.each([
  [[0.01, 0.9], 'under 1 s'],
  [[0.01, 1.4], 'up to 1.4 s'],
  [[0.4, 1.6], '0.4 to 1.6 s'],
  [[25, 100], '25 to 100 s'],
  [[60, 240], '1 to 4 min'],
  [[3_600, 14_400], '1 to 4 h'],
  [[86_400, 4 * 86_400], '1 to 4 days'],
  [[300, 300], '5 min'],
] as const)('%j seconds are %s', (seconds, shown) => {
  expect(roughRange(seconds)).toBe(shown);
});
