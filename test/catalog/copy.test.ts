import { beforeAll, expect, test } from 'vitest';
import { beginFile, type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { copyCatalog } from '../../src/catalog/copy.ts';
import { fold } from '../../src/catalog/fold.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { describeCatalog } from '../support/describe-catalog.ts';

beforeAll(loadParser);

function run(catalog: Catalog, sql: string): void {
  for (const { action } of parseScript('a.sql', sql).statements) fold(catalog, action);
}

test('a copy has the same content, and goes its own way', () => {
  const catalog = emptyCatalog();
  beginFile(catalog);
  run(
    catalog,
    `CREATE TABLE users (id bigint PRIMARY KEY, CHECK (id > 0));
     CREATE TABLE orders (id serial, user_id bigint REFERENCES users);
     CREATE VIEW buyers AS SELECT id FROM users;`,
  );
  const before = describeCatalog(catalog);
  const copy = copyCatalog(catalog);
  expect(describeCatalog(copy)).toEqual(before);
  run(copy, 'CREATE INDEX ON orders (id); ALTER TABLE orders ADD CHECK (id > 0); DROP TABLE users CASCADE;');
  expect(describeCatalog(catalog)).toEqual(before);
  expect(describeCatalog(copy)).not.toEqual(before);
});
