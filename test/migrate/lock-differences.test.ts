import { beforeAll, expect, test } from 'vitest';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { beginSession } from '../../src/catalog/session.ts';
import { lockDifferences, type TakenLock } from '../../src/migrate/lock-differences.ts';
import { readSteps } from '../../src/migrate/steps.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** What is said of a file after one that made `book` and its `page`. */
function compare(sql: string, taken: readonly TakenLock[]) {
  const catalog = emptyCatalog();
  const files = ['CREATE TABLE book (id int PRIMARY KEY); CREATE TABLE page (book int REFERENCES book)', sql];
  const [, steps = []] = files.map((text, index) => {
    beginSession(catalog, []);
    return readSteps(parseScript(`${index}.sql`, text), catalog, 18);
  });
  return lockDifferences(steps, taken);
}

const BOOK = 'public.book';
const PAGE = 'public.page';

test('what was foretold, or less, is no difference', () => {
  expect(
    compare('ALTER TABLE book ADD title text', [
      { relation: BOOK, mode: 'AccessShareLock' },
      { relation: BOOK, mode: 'AccessExclusiveLock' },
    ]),
  ).toEqual([]);
  // A referenced table is locked only where a key is looked up.
  expect(compare('INSERT INTO page SELECT 1 WHERE false', [{ relation: PAGE, mode: 'RowExclusiveLock' }])).toEqual([]);
  expect(
    compare('INSERT INTO page VALUES (1)', [
      { relation: PAGE, mode: 'RowExclusiveLock' },
      { relation: BOOK, mode: 'RowShareLock' },
    ]),
  ).toEqual([]);
});

test('a stronger lock, and one on a relation that was not foretold, are told with the kinds of the statements', () => {
  expect(
    compare('CREATE INDEX ON book (id); ANALYZE book', [
      { relation: BOOK, mode: 'AccessExclusiveLock' },
      { relation: PAGE, mode: 'AccessShareLock' },
    ]),
  ).toEqual([
    {
      relation: BOOK,
      taken: 'AccessExclusiveLock',
      predicted: 'ShareLock',
      kinds: ['Index', 'Vacuum'],
      informed: true,
    },
    { relation: PAGE, taken: 'AccessShareLock', predicted: null, kinds: ['Index', 'Vacuum'], informed: true },
  ]);
});

test('where code is hidden, everything is foretold', () => {
  const hidden = `DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE ' || relname FROM pg_class LIMIT 1); END $$`;
  expect(compare(hidden, [{ relation: BOOK, mode: 'AccessExclusiveLock' }])).toEqual([]);
  expect(compare('SELECT unknown_function()', [{ relation: BOOK, mode: 'AccessExclusiveLock' }])).toEqual([]);
});

test('what names no table may work on any, and only the modes of those that are known are told', () => {
  const elsewhere: TakenLock = { relation: 'public.elsewhere', mode: 'ShareUpdateExclusiveLock' };
  for (const sql of ['VACUUM', 'ANALYZE', 'REINDEX SCHEMA CONCURRENTLY public'])
    expect(compare(sql, [elsewhere])).toEqual([]);
  expect(compare('VACUUM', [elsewhere, { relation: BOOK, mode: 'AccessExclusiveLock' }])).toMatchObject([
    { relation: BOOK, predicted: 'ShareUpdateExclusiveLock' },
  ]);
  expect(compare('VACUUM book', [elsewhere])).toMatchObject([{ relation: 'public.elsewhere', predicted: null }]);
});

test('with a history that leaves tables out, only what holds up traffic is told', () => {
  expect(
    compare('ALTER TABLE elsewhere ADD a int', [
      { relation: PAGE, mode: 'RowExclusiveLock' },
      { relation: BOOK, mode: 'AccessExclusiveLock' },
    ]),
  ).toMatchObject([{ relation: BOOK, taken: 'AccessExclusiveLock', predicted: null, informed: false }]);
});
