import { beforeAll, expect, test } from 'vitest';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, type AnalyseOptions } from '../../src/lint/engine.ts';
import { defineRule } from '../../src/lint/kit.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const optIn = defineRule({
  name: 'no-select',
  category: 'style',
  severity: 'off',
  docs: { what: '', why: '', instead: '', source: '' },
  examples: { bad: [], good: [] },
  on: ['select'],
  check: () => ({ relations: [], message: 'a SELECT', why: '', instead: '' }),
});

function lint(sql: string, severities: AnalyseOptions['severities']): string[] {
  return analyse([parseScript('x.sql', sql)], emptyCatalog(), { rules: [optIn], severities, version: 18 }).flatMap(
    ({ findings }) => findings.map(({ rule, severity }) => `${severity} ${rule}`),
  );
}

test('an opt-in rule is silent until the config gives it a severity', () => {
  expect(lint('SELECT 1;', {})).toEqual([]);
  expect(lint('SELECT 1;', { 'no-select': 'warning' })).toEqual(['warning no-select']);
});

test('what hides an opt-in rule that is off is not called needless', () => {
  expect(lint('-- tiptoe-disable-next-statement no-select: it is cheap\nSELECT 1;', {})).toEqual([]);
});
