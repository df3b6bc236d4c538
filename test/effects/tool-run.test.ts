import { beforeAll, expect, test } from 'vitest';
import { divideAsRun, type Stretch, type TransactionRule } from '../../src/effects/tool-run.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** The mode, the units as the indexes of their statements, `!` for one outside of a transaction, and what has one open before it. */
function run(text: string, ...stretches: Stretch[]): [transaction: string, units: string, inside: string] {
  const division = divideAsRun(
    parseScript('x.sql', text),
    { tool: 'a tool', does: '', apart: '', joins: false, stretches },
    () => false,
  );
  const units = division.units.map((unit) =>
    unit.kind === 'alone' ? `!${unit.statement.index}` : unit.statements.map(({ index }) => index).join('+'),
  );
  return [division.transaction, units.join(' '), [...division.inside].join(' ')];
}

const BUILD = 'CREATE INDEX CONCURRENTLY ON a (b)';

test.each<[TransactionRule, string, [string, string, string]]>([
  ['file', `SELECT 1; ${BUILD}`, ['file', '0+1', '0 1']],
  // The tool's transaction ends with a COMMIT in the file; what follows has none.
  ['file', 'BEGIN; SELECT 1; COMMIT; SELECT 2', ['statement', '1 3', '0 1 2']],
  ['pending', 'SELECT 1', ['file', '0', '0']],
  ['query', BUILD, ['statement', '!0', '']],
  ['query', 'SELECT 1', ['file', '0', '']],
  ['query', `SELECT 1; ${BUILD}`, ['file', '0+1', '0 1']],
  // After COMMIT, a query of several statements begins another transaction by itself.
  ['query', `BEGIN; SELECT 1; COMMIT; ${BUILD}`, ['statement', '1 3', '1 2 3']],
  ['query', 'SELECT 1; BEGIN; SELECT 2; COMMIT', ['file', '0+2', '0 2 3']],
  ['none', `SELECT 1; ${BUILD}`, ['none', '!0 !1', '']],
  ['none', 'BEGIN; SELECT 1; COMMIT', ['file', '1', '1 2']],
  ['none-if-all', `${BUILD}; VACUUM a`, ['statement', '!0 !1', '']],
  ['none-if-all', `SELECT 1; ${BUILD}`, ['file', '0+1', '0 1']],
  ['none-if-any', `SELECT 1; ${BUILD}`, ['statement', '0 !1', '']],
  ['none-if-any', 'SELECT 1; SELECT 2', ['file', '0+1', '0 1']],
  ['around', `SELECT 1; SELECT 2; ${BUILD}; SELECT 3`, ['statement', '0+1 !2 3', '0 1 3']],
  ['around', '', ['file', '', '']],
])('%s: %s', (rule, text, expected) => {
  expect(run(text, { end: Infinity, rule })).toEqual(expected);
});

test('the parts of a file have rules of their own', () => {
  const text = `SELECT 1; SELECT 2;\n${BUILD};`;
  const end = text.indexOf('\n');
  expect(run(text, { end, rule: 'file' }, { end: Infinity, rule: 'none' })).toEqual(['statement', '0+1 !2', '0 1']);
  // The last rule holds to the end, whatever its end is said to be.
  expect(run(text, { end: 5, rule: 'none' }, { end: 5, rule: 'file' })).toEqual(['statement', '!0 1+2', '1 2']);
});
