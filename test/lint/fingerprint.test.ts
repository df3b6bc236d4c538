import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { lint } from '../../src/lint/engine.ts';
import { accept, baselineOf, baselineText } from '../../src/lint/baseline.ts';
import { fingerprints } from '../../src/lint/fingerprint.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const linted = (sql: string, path = 'x.sql') =>
  lint([parseScript(path, sql)], emptyCatalog(), { rules, severities: {}, version: 18 });

function prints(sql: string, path?: string): string[] {
  return linted(sql, path).flatMap((file) => [...fingerprints(file, file.script.source.path).values()]);
}

const DROP = 'DROP TABLE orders;';

test.each([
  ['lines above', `-- a comment\n\n\n${DROP}`],
  ['other statements above', `SELECT 1; SELECT 2;\n${DROP}`],
  ['white space', 'DROP\n\t TABLE\r\n   orders ;'],
  ['comments in it', 'DROP /* the */ TABLE -- old\n orders;'],
])('stays the same with %s', (_, sql) => {
  expect(prints(sql)).toEqual(prints(DROP));
});

test('differs by SQL, by file and by rule, and from its own double', () => {
  const [one = ''] = prints(DROP);
  expect(prints('DROP TABLE order_s;')).not.toContain(one);
  expect(prints(DROP, 'y.sql')).not.toContain(one);
  const twice = prints(`${DROP}\n${DROP}`);
  expect(twice).toContain(one);
  expect(new Set(twice).size).toBe(twice.length);
});

test('twenty thousand statements have as many fingerprints', () => {
  const all = prints(Array.from({ length: 20_000 }, (_, n) => `DROP TABLE t${n};`).join('\n'));
  expect(all.length).toBeGreaterThanOrEqual(20_000);
  expect(new Set(all).size).toBe(all.length);
}, 60_000);

test('a baseline accepts what it knows, wherever it moved, and tells what it does not find', () => {
  const nameOf = (path: string): string => path;
  const entries = baselineOf(linted('DROP TABLE a;\nDROP TABLE b;'), nameOf);
  const { files, count, unmatched } = accept(linted('DROP TABLE c;\n\nDROP TABLE a;'), entries, nameOf);
  expect(count).toBeGreaterThan(0);
  expect(files[0]?.findings.map(({ relations, message }) => `${relations.join()} ${message}`).join()).toContain('c');
  expect(files[0]?.findings.some(({ message }) => message.includes('public.a'))).toBe(false);
  expect(unmatched.length + count).toBe(entries.length);
});

test('the text of a baseline is sorted, without doubles, one line an entry', () => {
  const entry = (path: string) => ({ path, rule: 'drop-table', fingerprint: '0123456789abcdef' });
  const text = baselineText([entry('b.sql'), entry('a.sql'), entry('b.sql')]);
  expect(text).toBe(`{
  "version": 1,
  "findings": [
    {"path":"a.sql","rule":"drop-table","fingerprint":"0123456789abcdef"},
    {"path":"b.sql","rule":"drop-table","fingerprint":"0123456789abcdef"}
  ]
}
`);
  expect(JSON.parse(baselineText([]))).toEqual({ version: 1, findings: [] });
});
