import { expect, test } from 'vitest';
import { fit } from '../../src/terminal/fit.ts';

test.each([
  ['short', 10, 'short'],
  ['exactly', 7, 'exactly'],
  ['waiting for pid 42', 10, 'waiting f…'],
  ['夜間バッチ', 10, '夜間バッチ'],
  ['夜間バッチ', 9, '夜間バッ…'],
  ['夜間バッチ', 8, '夜間バ…'],
  ['x', 0, '…'],
])('%s in %i columns is %s', (text, width, fitted) => {
  expect(fit(text, width)).toBe(fitted);
});
