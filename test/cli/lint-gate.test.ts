import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/cli/config.ts';
import { lintGate } from '../../src/cli/lint-gate.ts';

const allowed = (...given: string[]) => [...lintGate(DEFAULT_CONFIG, given).allowed];

test('--allow is a rule and a reason, which may say anything', () => {
  expect(allowed('create-index-blocking: at night: 22:00 to 5:00', ' table-rewrite :it is\nsmall ')).toEqual([
    ['create-index-blocking', 'at night: 22:00 to 5:00'],
    ['table-rewrite', 'it is\nsmall'],
  ]);
});

test.each([
  ['create-index-bloking: x', "there is no rule 'create-index-bloking'."],
  ['constructor: x', "there is no rule 'constructor'."],
  ['create-index-blocking', '--allow create-index-blocking has no reason.'],
  ['create-index-blocking:  ', '--allow create-index-blocking has no reason.'],
  [': at night', "--allow takes RULE: reason, not ': at night'."],
  ['at night', "--allow takes RULE: reason, not 'at night'."],
  ['', "--allow takes RULE: reason, not ''."],
])('--allow %j is refused', (given, says) => {
  expect(() => allowed(given)).toThrow(says);
});

test('one rule has one reason', () => {
  expect(() => allowed('table-rewrite: a', 'table-rewrite: b')).toThrow('--allow table-rewrite is given twice.');
});
