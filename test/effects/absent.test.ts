import { beforeAll, expect, test } from 'vitest';
import { beginFile, emptyCatalog } from '../../src/catalog/catalog.ts';
import { catalogFromDump } from '../../src/catalog/from-dump.ts';
import { fold } from '../../src/catalog/fold.ts';
import { effects } from '../../src/effects/effects.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** What the last statement of the last file locks. */
function lockedBy(files: readonly string[], catalog = emptyCatalog()): string[] {
  let locked: string[] = [];
  for (const text of files) {
    beginFile(catalog);
    for (const { action } of parseScript('file.sql', text).statements) {
      locked = effects(action, catalog, 18).relations.map(({ relation }) => relation);
      fold(catalog, action);
    }
  }
  return locked;
}

const MAKES = 'CREATE TABLE t (a int)';

test.each([
  'DROP TABLE IF EXISTS gone',
  'DROP INDEX IF EXISTS gone_idx',
  'DROP INDEX CONCURRENTLY IF EXISTS gone_idx',
  'ALTER TABLE IF EXISTS gone ADD COLUMN b int',
  'ALTER TABLE IF EXISTS gone RENAME TO went',
  'ALTER SEQUENCE IF EXISTS gone_seq OWNED BY NONE',
])('%s: nothing, where the history shows that it is not there', (sql) => {
  expect(lockedBy([MAKES, sql])).toEqual([]);
  expect(lockedBy([sql], catalogFromDump(parseScript('dump.sql', MAKES)).catalog)).toEqual([]);
});

test.each([
  ['alone', ['DROP TABLE IF EXISTS gone']],
  ['in the first file', [`${MAKES}; DROP TABLE IF EXISTS gone`]],
  [
    'after a table that the history does not make',
    [MAKES, 'ALTER TABLE other ADD COLUMN b int', 'DROP TABLE IF EXISTS gone'],
  ],
  ['after rows of such a table', [MAKES, 'INSERT INTO other VALUES (1)', 'DROP TABLE IF EXISTS gone']],
  ['after a drop of one', [MAKES, 'DROP TABLE other', 'DROP TABLE IF EXISTS gone']],
])('it may be there: %s', (_, files) => {
  expect(lockedBy(files)).toEqual(['public.gone']);
});

test('of several, those that are there', () => {
  expect(lockedBy([MAKES, 'DROP TABLE IF EXISTS gone, t'])).toEqual(['public.t']);
});

test('a table that ALTER TABLE IF EXISTS did not find is new when it is made', () => {
  const catalog = emptyCatalog();
  lockedBy([MAKES, 'ALTER TABLE IF EXISTS n ADD COLUMN a int; CREATE TABLE IF NOT EXISTS n (a int)'], catalog);
  expect(catalog.relations.get('public.n')?.file).toBe(2);
});
