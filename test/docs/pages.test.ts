import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { pages } from '../../docs/pages.ts';

const ROOT = new URL('../../', import.meta.url);

test('the generated pages are current (npm run docs)', async () => {
  const generated = await pages();
  for (const [path, text] of generated) expect(await readFile(new URL(path, ROOT), 'utf8'), path).toBe(text);
  const files = await readdir(new URL('docs/rules/', ROOT));
  expect(files.map((name) => `docs/rules/${name}`).filter((path) => !generated.has(path))).toEqual([]);
});

test('each lock has statements that take it', async () => {
  const page = (await pages()).get('docs/locks.md') ?? '';
  const sections = page.split(/^## /m).slice(1);
  expect(sections).toHaveLength(8);
  expect(sections.filter((section) => !section.includes('```sql'))).toEqual([]);
});
