import { beforeAll, expect, test } from 'vitest';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { namesBefore } from '../../src/migrate/names-before.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** What the last statement's `relation` was before; files in square brackets are applied already. */
function before(relation: string, ...files: string[]): (readonly string[])[] {
  const scripts = files.map((text, index) => parseScript(`${index}.sql`, text.replace(/^\[(.*)\]$/s, '$1')));
  const applied = new Set(scripts.flatMap(({ statements }, at) => (files[at]?.startsWith('[') ? statements : [])));
  const statement = scripts.at(-1)?.statements.at(-1);
  if (statement === undefined) throw new Error('no statement');
  const catalog = emptyCatalog();
  catalog.session = { searchPath: ['app', 'public'], settings: new Map() };
  const names = namesBefore(scripts, catalog, 18, (one) => !applied.has(one), [{ statement, relations: [relation] }]);
  return [...(names.get(statement)?.get(relation) ?? [])];
}

const INDEX = 'CREATE INDEX ON b (id)';

test.each<[what: string, files: string[], names: (readonly string[])[]]>([
  ['untouched', [INDEX], [['app.b', 'public.b']]],
  ['made by the run', ['CREATE TABLE b (id int)', INDEX], [['app.b']]],
  ['made before it', ['[CREATE TABLE b (id int)]', INDEX], [['app.b', 'public.b']]],
  ['renamed', ['ALTER TABLE a RENAME TO b', INDEX], [['app.a', 'public.a']]],
  ['renamed twice', ['ALTER TABLE a RENAME TO x; ALTER TABLE x RENAME TO b', INDEX], [['app.a', 'public.a']]],
  ['renamed before the run', ['[ALTER TABLE a RENAME TO b]', INDEX], [['app.b', 'public.b']]],
  ['a column renamed', ['ALTER TABLE b RENAME a TO c', INDEX], [['app.b', 'public.b']]],
  ['dropped and made', ['DROP TABLE b', 'CREATE TABLE b (id int)', INDEX], []],
  ['swapped', ['ALTER TABLE b RENAME TO x; ALTER TABLE a RENAME TO b', INDEX], [['app.a', 'public.a']]],
  ['moved', ['ALTER TABLE other.b SET SCHEMA app', INDEX], [['other.b']]],
  ['in a schema renamed', ['ALTER SCHEMA old RENAME TO app', INDEX], [['old.b']]],
  ['in a schema made anew', ['DROP SCHEMA app CASCADE', 'CREATE SCHEMA app', INDEX], []],
  [
    'renamed perhaps',
    ['DO $$ BEGIN IF x THEN ALTER TABLE b RENAME TO a; END IF; END $$', INDEX],
    [['app.b', 'public.b']],
  ],
  ['dropped perhaps', ['BEGIN; SAVEPOINT s; DROP TABLE b; ROLLBACK TO s; COMMIT', INDEX], [['app.b', 'public.b']]],
  [
    'renamed by the statement itself',
    ['DO $$ BEGIN ALTER TABLE a RENAME TO b; CREATE INDEX ON b (id); END $$'],
    [
      ['app.b', 'public.b'],
      ['app.b', 'public.b'],
      ['app.a', 'public.a'],
    ],
  ],
])('%s', (_, files, names) => {
  expect(before('app.b', ...files)).toEqual(names);
});
