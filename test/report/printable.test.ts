import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { explainPretty } from '../../src/report/explain-pretty.ts';
import { lintPretty } from '../../src/report/lint-pretty.ts';
import { printable } from '../../src/report/printable.ts';
import { plainStyle } from '../../src/report/style.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

test('control, direction-changing and broken characters are escaped; the rest is left alone', () => {
  expect(printable('a\u001B[31mb\u0007\r\n\t\u009B')).toBe(String.raw`a\x1b[31mb\x07\r\n\t\x9b`);
  expect(printable('a\u202Eb\u2066c\u2028')).toBe(String.raw`a\u202eb\u2066c\u2028`);
  expect(printable('\uD800x')).toBe(String.raw`\ud800x`);
  expect(printable('héllo 😀 日本')).toBe('héllo 😀 日本');
  expect(printable('a\nb\tc', { newlines: true, tabs: true })).toBe('a\nb\tc');
});

test('a migration cannot write to the terminal through a report', () => {
  const evil = 'CREATE INDEX "\u001B]0;owned\u0007" ON "a\u202Eb" (x); SELEC \u001B[2J;';
  const files = analyse([parseScript('\u001B[1m.sql', evil)], emptyCatalog(), { rules, severities: {}, version: 18 });
  for (const text of [lintPretty(files, plainStyle), explainPretty(files, plainStyle)]) {
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
  }
});

test('the caret stands under what is meant, after wide characters and tabs', () => {
  const files = analyse([parseScript('x.sql', "\tSELECT '日本😀', FRM x y;")], emptyCatalog(), {
    rules,
    severities: {},
    version: 18,
  });
  expect(lintPretty(files, plainStyle).split('\n').slice(1, 3)).toEqual([
    "  1 │   SELECT '日本😀', FRM x y;",
    '    │                          ^',
  ]);
});

test('a line of megabytes is cut around the place', () => {
  const sql = `SELECT ${'1, '.repeat(100_000)} FRM x y, ${'2, '.repeat(100_000)};`;
  const files = analyse([parseScript('x.sql', sql)], emptyCatalog(), { rules, severities: {}, version: 18 });
  for (const line of lintPretty(files, plainStyle).split('\n')) expect(line.length).toBeLessThan(200);
});
