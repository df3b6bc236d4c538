import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const INDEX = 'CREATE INDEX ON orders (total);';
const NEXT = '-- tiptoe-disable-next-statement create-index-blocking';

function lint(sql: string, severities: Record<string, 'off' | 'warning' | 'error'> = {}) {
  const [file] = analyse([parseScript('x.sql', sql)], emptyCatalog(), { rules, severities, version: 18 });
  if (file === undefined) throw new Error('one file in, one file out');
  return { findings: file.findings.map(({ rule }) => rule), reasons: file.suppressed.map(({ reason }) => reason) };
}

test('the next statement only', () => {
  expect(lint(`${NEXT}: two hundred rows\n${INDEX}\n${INDEX}`)).toEqual({
    findings: ['create-index-blocking'],
    reasons: ['two hundred rows'],
  });
});

test('a stretch from disable to enable', () => {
  const sql = [
    '-- tiptoe-disable create-index-blocking: maintenance window',
    INDEX,
    INDEX,
    '-- tiptoe-enable create-index-blocking',
    INDEX,
  ];
  expect(lint(sql.join('\n'))).toEqual({
    findings: ['create-index-blocking'],
    reasons: ['maintenance window', 'maintenance window'],
  });
});

test('the whole file, also above the comment', () => {
  expect(lint(`${INDEX}\n-- tiptoe-disable-file create-index-blocking: empty tables\n${INDEX}`).findings).toEqual([]);
});

test('several rules in one comment, each of which must be of use', () => {
  const sql = `-- tiptoe-disable-next-statement create-index-blocking, table-rewrite: known\n${INDEX}`;
  expect(lint(sql).findings).toEqual(['unused-suppression']);
});

test('without a reason it hides nothing, and says so', () => {
  expect(lint(`${NEXT}\n${INDEX}`).findings).toEqual(['unknown-suppression', 'create-index-blocking']);
  expect(lint(`${NEXT}:   \n${INDEX}`).findings).toEqual(['unknown-suppression', 'create-index-blocking']);
});

test('a rule that does not exist is told', () => {
  expect(lint('-- tiptoe-disable-file no-such-rule: because\nSELECT 1;').findings).toEqual(['unknown-suppression']);
});

test('each rule of a stretch ends by its own name, and all of them by none', () => {
  const start = '-- tiptoe-disable create-index-blocking, table-rewrite: maintenance';
  expect(
    lint([start, INDEX, '-- tiptoe-enable table-rewrite', INDEX, 'CLUSTER orders USING o;'].join('\n')).findings,
  ).toEqual(['unused-suppression', 'table-rewrite']);
  expect(lint([start, INDEX, 'CLUSTER orders USING o;', '-- tiptoe-enable', INDEX].join('\n')).findings).toEqual([
    'create-index-blocking',
  ]);
});

test('a comment inside a statement is for that statement', () => {
  expect(lint(`CREATE INDEX\n${NEXT}: small\nON orders (total);\n${INDEX}`).findings).toEqual([
    'create-index-blocking',
  ]);
});

test('a misspelt command is told', () => {
  expect(lint(`-- tiptoe-disable-next-line create-index-blocking: small\n${INDEX}`).findings).toEqual([
    'unknown-suppression',
    'create-index-blocking',
  ]);
});

test('a suppression of a rule that is off is nobody’s fault', () => {
  expect(lint(`${NEXT}: small\n${INDEX}`, { 'create-index-blocking': 'off' }).findings).toEqual([]);
});

test('a suppression that is not needed can be kept on purpose', () => {
  const keep = '-- tiptoe-disable-file unused-suppression: generated file';
  expect(lint(`${keep}\n${NEXT}: small\nSELECT 1;`).findings).toEqual([]);
});

test('text in a string is no comment', () => {
  expect(lint(`SELECT '\n${NEXT}: x\n';\n${INDEX}`).findings).toEqual(['create-index-blocking']);
});

test('a syntax error is found by its statement, wherever in it the error is', () => {
  const sql = '-- tiptoe-disable-next-statement syntax-error: filled in by a tool\nSELECT\n  1 FRM x y;';
  expect(lint(sql)).toEqual({ findings: [], reasons: ['filled in by a tool'] });
});

test('severities: off is silent, warning is a warning', () => {
  expect(lint(INDEX, { 'create-index-blocking': 'off' }).findings).toEqual([]);
  const [file] = analyse([parseScript('x.sql', INDEX)], emptyCatalog(), {
    rules,
    severities: { 'create-index-blocking': 'warning' },
    version: 18,
  });
  expect(file?.findings.map(({ severity }) => severity)).toEqual(['warning']);
});
