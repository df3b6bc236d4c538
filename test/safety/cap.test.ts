import { expect, test } from 'vitest';
import { createCap } from '../../src/safety/cap.ts';

test('the clock runs from the first blocking lock, and nothing sets it back', () => {
  const cap = createCap(5_000);
  expect(cap.leftMs(1_000)).toBe(Infinity);
  cap.start(1_000);
  cap.start(3_000);
  expect(cap.leftMs(4_000)).toBe(2_000);
  cap.start(500);
  expect(cap.leftMs(4_000)).toBe(1_500);
  expect(cap.leftMs(9_000)).toBe(0);
});
