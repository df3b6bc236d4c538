import type { ActionOf, Name, PublicationContent } from '../sql/action.ts';
import { type Catalog, creationSchema, findRelation, keyOf, type Publication } from './catalog.ts';
import { mention } from './relations.ts';

export function createPublication(catalog: Catalog, { name, content }: ActionOf<'create-publication'>): void {
  const publication: Publication = { allTables: content.allTables, tables: new Map(), schemas: new Set() };
  addContent(catalog, publication, content);
  catalog.publications.set(name, publication);
}

export function alterPublication(catalog: Catalog, { name, command, content }: ActionOf<'alter-publication'>): void {
  const known = catalog.publications.get(name);
  if (known === undefined || command === 'options') return;
  if (command === 'drop') {
    for (const table of content.tables) {
      const relation = findRelation(catalog, table);
      if (relation !== null) known.tables.delete(relation);
    }
    for (const schema of content.schemas) known.schemas.delete(schemaOf(catalog, schema));
    return;
  }
  if (command === 'set') {
    known.tables.clear();
    known.schemas.clear();
  }
  addContent(catalog, known, content);
}

function addContent(catalog: Catalog, publication: Publication, { tables, schemas }: PublicationContent): void {
  for (const { columns, filtered, ...name } of tables) {
    const relation = findRelation(catalog, name) ?? mention(catalog, name);
    if (relation !== null) publication.tables.set(relation, { columns, filtered });
  }
  for (const schema of schemas) publication.schemas.add(schemaOf(catalog, schema));
}

function schemaOf(catalog: Catalog, schema: string | null): string {
  return schema ?? creationSchema(catalog, { schema: null, name: '' });
}

export function createStatistics(catalog: Catalog, { name, tables }: ActionOf<'create-statistics'>): void {
  const relations = tables.flatMap((table) => findRelation(catalog, table) ?? mention(catalog, table) ?? []);
  if (name !== null) catalog.statistics.set(keyOf(creationSchema(catalog, name), name.name), relations);
}

export function statisticsKey(catalog: Catalog, name: Name): string {
  const schemas = name.schema === null ? catalog.searchPath : [name.schema];
  const found = schemas.find((schema) => catalog.statistics.has(keyOf(schema, name.name)));
  return keyOf(found ?? creationSchema(catalog, name), name.name);
}
