import { expect, test } from 'vitest';
import { wrap } from '../../src/terminal/wrap.ts';

test('long lines break at spaces and keep their indent', () => {
  expect(wrap('short\n  one two three four\n', 11)).toBe('short\n  one two\n  three\n  four\n');
});

test('colours take no room, and a word is never broken', () => {
  expect(wrap('\u001B[1mbold\u001B[22m text', 9)).toBe('\u001B[1mbold\u001B[22m text');
  expect(wrap('  unbreakable x', 5)).toBe('  unbreakable\n  x');
});
