import { expect, test } from 'vitest';
import { objection, readCheck } from '../../src/backfill/check.ts';

test('a check has a name, perhaps a bound, and a query', () => {
  expect(readCheck('free disk: SELECT x::int > 1;')).toEqual({
    name: 'free disk',
    sql: 'SELECT x::int > 1',
    bound: null,
  });
  expect(readCheck('load <= 8.5 : WITH a AS (SELECT 1) TABLE a')).toEqual({
    name: 'load',
    sql: 'WITH a AS (SELECT 1) TABLE a',
    bound: { operator: '<=', value: 8.5 },
  });
});

test.each(['', 'SELECT true', ': SELECT true', 'a: UPDATE t SET n = 1', 'a <= x: SELECT 1', 'a: '])(
  'no check: %s',
  (text) => {
    expect(readCheck(text)).toBeNull();
  },
);

test.each<[string, object[], string | null]>([
  ['a: SELECT', [{ x: true }], null],
  ['a: SELECT', [{ x: false }], 'a says false'],
  ['a: SELECT', [{ x: null }], 'a gives null, neither true nor false'],
  ['a: SELECT', [{ x: '1' }], 'a gives 1, neither true nor false'],
  ['a: SELECT', [], 'a gives 0 rows, not one value'],
  ['a: SELECT', [{ x: true }, { x: true }], 'a gives 2 rows, not one value'],
  ['a: SELECT', [{ x: true, y: true }], 'a gives 2 columns, not one value'],
  ['a <= 8: SELECT', [{ x: '8' }], null],
  ['a <= 8: SELECT', [{ x: 9 }], 'a is 9 (goes on at <= 8)'],
  ['a > -1: SELECT', [{ x: '-0.5' }], null],
  ['a >= 8: SELECT', [{ x: null }], 'a gives null, not a number'],
  ['a < 8: SELECT', [{ x: true }], 'a gives true, not a number'],
  ['a < 8: SELECT', [{ x: 'NaN' }], 'a gives NaN, not a number'],
])('%s with %j: %s', (text, rows, expected) => {
  const check = readCheck(text);
  expect(check === null ? 'no check' : objection(check, rows)).toBe(expected);
});
