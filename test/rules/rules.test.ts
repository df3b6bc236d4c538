import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { analyseExample } from './example.ts';

const FOLDER = new URL('../../rules/', import.meta.url);

beforeAll(loadParser);

test('the index lists the directory, in order', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && file !== 'index.ts');
  expect(rules.map(({ name }) => `${name}.ts`)).toEqual(files.sort());
});

describe.each(rules)('$name', ({ name, docs, examples, severity }) => {
  test('explains itself', () => {
    for (const text of [docs.what, docs.why, docs.instead]) expect(text).toMatch(/^[A-Z`].*\S$/s);
    expect(docs.source).toMatch(/^https:\/\/www\.postgresql\.org\/docs\/current\//);
    expect(examples.bad.length).toBeGreaterThan(0);
    expect(examples.good.length).toBeGreaterThan(0);
  });

  test.each(examples.bad)('finds $sql', (example) => {
    const { findings } = analyseExample(example, name);
    expect(findings.map((finding) => finding.rule).sort()).toEqual([name, ...(example.also ?? [])].sort());
    const found = findings.find((finding) => finding.rule === name);
    expect(found?.severity).toBe(severity === 'off' ? 'warning' : severity);
  });

  test.each(examples.good)('is quiet about $sql', (example) => {
    expect(analyseExample(example, name).findings.map((finding) => `${finding.rule}: ${finding.message}`)).toEqual([]);
  });
});
