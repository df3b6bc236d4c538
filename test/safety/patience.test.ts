import { expect, test } from 'vitest';
import { failedTry, firstPatience, pauseMs, turnedAway, worthQueueing } from '../../src/safety/patience.ts';

const MAX = 200;

test('it stands in line only behind holders that are about to leave', () => {
  const patience = firstPatience({ maxStallMs: MAX });
  expect(worthQueueing(patience, 60)).toBe(true);
  expect(worthQueueing(patience, 61)).toBe(false);
  expect(worthQueueing(patience, Infinity)).toBe(false);
});

test('patience grows by half with each failure, up to the longest stall', () => {
  let patience = firstPatience({ maxStallMs: MAX });
  const seen = [patience.ms];
  for (let i = 0; i < 6; i++) {
    patience = failedTry(patience, MAX);
    seen.push(patience.ms);
  }
  expect(seen.map(Math.round)).toEqual([30, 45, 68, 101, 152, 200, 200]);
  expect(firstPatience({ maxStallMs: 10 }).ms).toBe(10);
  expect(firstPatience({ maxStallMs: MAX, lockTimeoutMs: 100 }).ms).toBe(100);
  expect(firstPatience({ maxStallMs: MAX, lockTimeoutMs: 500 }).ms).toBe(MAX);
});

test('it grows as well after eight looks in a row that found an old holder', () => {
  let patience = firstPatience({ maxStallMs: MAX });
  for (let i = 0; i < 7; i++) patience = turnedAway(patience, 'a', MAX);
  expect(patience.ms).toBe(30);
  patience = turnedAway(patience, 'b', MAX);
  expect(patience.ms).toBe(45);
});

test('pauses are spread, back off to a second while the same holder stays, and start again with the next one', () => {
  let patience = firstPatience({ maxStallMs: MAX });
  expect(pauseMs(patience, 0)).toBe(20);
  expect(pauseMs(patience, 1)).toBe(80);
  for (let i = 0; i < 40; i++) patience = turnedAway(patience, 'a', MAX);
  expect(pauseMs(patience, 0)).toBe(1_000);
  patience = turnedAway(patience, 'b', MAX);
  expect(pauseMs(patience, 0)).toBe(20);
});
