import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { catalogFromDump } from '../../src/catalog/from-dump.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { describeCatalog } from '../support/describe-catalog.ts';

beforeAll(loadParser);

/** dump.sql is what pg_dump 15.18 wrote, data included, of a database into which schema.sql had been run. */
test('a dump is known as the history that made it', () => {
  expect(describeCatalog(folded('dump.sql'))).toEqual(describeCatalog(folded('schema.sql')));
});

function folded(file: string): Catalog {
  const text = readFileSync(new URL(`../../fixtures/schema-dump/${file}`, import.meta.url), 'utf8');
  const { catalog, faults } = catalogFromDump(parseScript(file, text));
  expect(faults).toEqual([]);
  return catalog;
}
