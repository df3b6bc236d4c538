import { beforeAll, expect, test } from 'vitest';
import { sideOf } from '../../src/frameworks/arrange.ts';
import { liquibase } from '../../src/frameworks/liquibase.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1 / 2; END'";

/** The statements of a file, as they stand in it. */
function statements(text: string): string[] {
  const read = sideOf(text, { kind: 'migration' }, 'up', liquibase) ?? '';
  expect(read).toHaveLength(text.length);
  const { statements, faults } = parseScript('x.sql', read);
  expect(faults).toEqual([]);
  return statements.map(({ range }) => text.slice(range.start, range.end));
}

const file = (changeset: string): string => `--liquibase formatted sql\n--changeset a:1 ${changeset}`;

test.each([
  ['a slash', `endDelimiter:/\n${BODY}\n/\nSELECT 6 / 2\n  /`, [BODY, 'SELECT 6 / 2']],
  ['a slash, and semicolons before it', `endDelimiter:/\n${BODY};\n/\nSELECT 1;\n/\n`, [BODY, 'SELECT 1']],
  [
    'a slash in quotes',
    `endDelimiter:"/"\nSELECT '\n/\n', 6 / 2\n/\n-- \n/\nSELECT 1`,
    ["SELECT '\n/\n', 6 / 2", 'SELECT 1'],
  ],
  ['another character', "endDelimiter:@\nSELECT 'a@b'@ SELECT 2 @\n", ["SELECT 'a@b'", 'SELECT 2']],
  ['several', 'endDelimiter://\nSELECT 1// SELECT 2\n//\n', ['SELECT 1', 'SELECT 2']],
  ['an expression', 'endDelimiter:\\ngo\nSELECT 1\nGO\nSELECT 2\r\ngo\r\n', ['SELECT 1', 'SELECT 2']],
  ['an expression with spaces', 'endDelimiter:\\s*;;\\s*\nSELECT 1 ;;\n SELECT 2;;', ['SELECT 1', 'SELECT 2']],
  ['one that would take forever', 'endDelimiter:(a+)+b\nSELECT 1(a+)+b SELECT 2', ['SELECT 1', 'SELECT 2']],
  ['another one', `endDelimiter:${'a*'.repeat(15)}b\nSELECT ${"'a'".repeat(30)}`, [`SELECT ${"'a'".repeat(30)}`]],
  ['what is none', 'endDelimiter:((\nSELECT (1)((\nSELECT 2', ['SELECT (1)', 'SELECT 2']],
  [
    'none asked for',
    `\nSELECT 1\n/\nSELECT 6\n / 2;\nSELECT 3\ngo\nSELECT 4;`,
    ['SELECT 1', 'SELECT 6\n / 2', 'SELECT 3', 'SELECT 4'],
  ],
  ['no splitting', 'splitStatements:false\nSELECT 6\n/\n2; SELECT 3;', ['SELECT 6\n/\n2', 'SELECT 3']],
])('statements end at %s', (_, changeset, expected) => {
  expect(statements(file(changeset))).toEqual(expected);
});

test('another changeset has its own delimiter', () => {
  const text = file(`endDelimiter:/\n${BODY}\n/\n--changeset a:2\nSELECT 6\n /2;\nSELECT 1;\n`);
  expect(statements(text)).toEqual([BODY, 'SELECT 6\n /2', 'SELECT 1']);
});

test('what is sent as one query shares a transaction, where Liquibase begins none', () => {
  const rules = (changeset: string): string[] => {
    const text = file(changeset);
    return liquibase
      .stretches({ path: 'x.sql', text }, { list: () => [], read: () => null }, { dirs: [], by: '' })
      .map(({ end, rule }) => `${rule} ${end === Infinity ? 'end' : text.slice(0, end).split('\n').length}`);
  };
  expect(rules('endDelimiter:/\nSELECT 1;\n/\nSELECT 2;\n/\n')).toEqual(['file end']);
  expect(rules('runInTransaction:false\nSELECT 1;\nSELECT 2;\n')).toEqual(['none end']);
  expect(rules('runInTransaction:false splitStatements:false\nSELECT 1;\nSELECT 2;\n')).toEqual(['query end']);
  expect(rules('runInTransaction:false endDelimiter:/\nSELECT 1;\n/\nSELECT 2;\n/\n')).toEqual([
    'query 4',
    'query 6',
    'query end',
  ]);
  expect(rules('runInTransaction:false\nSELECT 1;\n--changeset a:2\nSELECT 2;\n')).toEqual(['none 4', 'file end']);
});
