import { beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../../src/audit/all-checks.ts';
import { usualQuery } from '../../src/audit/query.ts';
import { checkMarkdown, checkPage } from '../../src/report/audit-checks.ts';
import { plainStyle } from '../../src/report/style.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { runTiptoe } from '../support/cli.ts';

beforeAll(loadParser);

describe.each(checks.map((check) => [check.name, check] as const))('the page of %s', (name, check) => {
  test('has what it finds, why, what to do, and what it asks', () => {
    const page = checkPage(check, plainStyle);
    const markdown = checkMarkdown(check);
    for (const text of [name, ...Object.values(check.docs)]) {
      expect(page).toContain(text);
      expect(markdown).toContain(text);
    }
    const query = usualQuery(check);
    // It tells what others could not see.
    expect(query === null).toBe(name === 'not-checked');
    if (query === null) return;
    expect(parseScript(name, query)).toMatchObject({ faults: [], statements: [{ action: { kind: 'select' } }] });
    expect(query).toMatch(/^\S/);
    expect(markdown).toContain(query);
    for (const line of query.split('\n')) expect(page).toContain(line);
    const coloured = checkPage(check, { ...plainStyle, cyan: (word) => `<k>${word}</k>` });
    expect(coloured).toContain('<k>SELECT</k>');
  });
});

describe('tiptoe rules', () => {
  test('shows the page of a check, in each format', async () => {
    const page = await runTiptoe(['rules', 'invalid-index']);
    expect(page).toMatchObject({ code: 0, stderr: '' });
    expect(page.stdout).toMatch(/^invalid-index {2}correctness, error; a check of tiptoe audit\n/);
    const markdown = await runTiptoe(['rules', 'invalid-index', '--format', 'markdown']);
    expect(markdown.stdout).toMatch(/^# invalid-index\n/);
    const json = await runTiptoe(['rules', 'invalid-index', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: 'invalid-index', severity: 'error', check: true, query: expect.stringContaining('pg_index') },
    ]);
  }, 30_000);

  test('says where the checks are listed, and guesses their names', async () => {
    const { stdout } = await runTiptoe(['rules']);
    expect(stdout).toContain('\nThe checks of a server are listed by: tiptoe audit --list.');
    const { code, stderr } = await runTiptoe(['rules', 'invalid-indx']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "tiptoe: there is no rule 'invalid-indx'.\n  Did you mean invalid-index? tiptoe rules lists the rules, tiptoe audit --list the checks.\n",
    });
  }, 30_000);
});
