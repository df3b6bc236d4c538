import { expect, test } from 'vitest';
import { addBatch, eta, rowsPerSecond, startSpeed } from '../../src/backfill/speed.ts';

test('the rate is over the last ten seconds', () => {
  let speed = startSpeed(0);
  for (let at = 1000; at <= 30_000; at += 1000)
    speed = addBatch(speed, { keys: 200, rows: at <= 20_000 ? 100 : 50 }, at);
  expect(rowsPerSecond(speed, 30_000)).toBe(50);
  expect(rowsPerSecond(speed, 35_000)).toBe(25);
  expect(rowsPerSecond(speed, 40_000)).toBe(0);
});

test('what is left is between the last ten seconds and the whole run', () => {
  let speed = startSpeed(0);
  speed = addBatch(speed, { keys: 1000, rows: 0 }, 10_000);
  speed = addBatch(speed, { keys: 3000, rows: 0 }, 20_000);
  expect(eta(speed, 6000, 20_000)).toEqual({ seconds: 20, range: [20, 30] });
  expect(eta(speed, 6000, 31_000)).toBeNull();
  expect(eta(startSpeed(0), 6000, 1000)).toBeNull();
});

test('what is left takes as long as a rate that was changed since allows', () => {
  let speed = startSpeed(0);
  speed = addBatch(speed, { keys: 2000, rows: 1000 }, 10_000);
  expect(eta(speed, 6000, 10_000, null)).toEqual({ seconds: 30, range: [30, 30] });
  expect(eta(speed, 6000, 10_000, 1000)).toEqual({ seconds: 30, range: [30, 30] });
  expect(eta(speed, 6000, 10_000, 10)).toEqual({ seconds: 300, range: [300, 300] });
});
