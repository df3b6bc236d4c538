import { beforeAll, expect, inject, test } from 'vitest';
import { beginFile, type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import { readDefinitions } from '../../src/inspect/definitions.ts';
import { readSnapshot } from '../../src/inspect/read-snapshot.ts';
import { schemaOf } from '../../src/lint/snapshot.ts';
import { applySettings } from '../../src/db/session.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { SCHEMA } from '../effects/shapes/schema.ts';
import { describeCatalog } from '../support/describe-catalog.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

beforeAll(async () => {
  await loadParser();
  const owner = await database.session();
  await owner.exec(SCHEMA);
});

test('the definitions of a server are SQL that the grammar knows', async () => {
  const session = await database.session();
  await applySettings(session, { search_path: 'pg_catalog' });
  const definitions = await readDefinitions(session, inject('serverVersion'));
  expect(parseScript('the server', definitions.join(';\n')).faults).toEqual([]);
});

test('a server is known as its history is', async () => {
  const catalog = await liveCatalog();
  expect(describeCatalog(catalog)).toEqual(describeCatalog(folded(SCHEMA)));
});

test('what is on the server was there before the first file', async () => {
  const catalog = await liveCatalog();
  beginFile(catalog);
  expect([...catalog.relations.values()].filter(({ file }) => file === catalog.file)).toEqual([]);
});

async function liveCatalog(): Promise<Catalog> {
  return schemaOf(await readSnapshot(await database.session(), { statementTimeoutMs: 60_000, sampleMs: 0 }));
}

function folded(sql: string): Catalog {
  const catalog = emptyCatalog();
  for (const { action } of parseScript('schema.sql', sql).statements) fold(catalog, action);
  return catalog;
}
