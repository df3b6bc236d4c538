import type { ActionOf, Name, PublicationContent } from '../sql/action.ts';
import { type Catalog, creationSchema, findRelation, keyOf, type Publication, type Table } from './catalog.ts';
import { mention } from './relations.ts';

export function createPublication(
  catalog: Catalog,
  { name, content, sendsChanges }: ActionOf<'create-publication'>,
): void {
  const publication: Publication = {
    allTables: content.allTables,
    sendsChanges: sendsChanges ?? true,
    tables: new Map(),
    schemas: new Set(),
  };
  addContent(catalog, publication, content);
  catalog.publications.set(name, publication);
}

export function alterPublication(
  catalog: Catalog,
  { name, command, content, sendsChanges }: ActionOf<'alter-publication'>,
): void {
  const known = catalog.publications.get(name);
  if (known === undefined) return;
  if (sendsChanges !== null) known.sendsChanges = sendsChanges;
  if (command === 'options') return;
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

/** Publications that send the rows of a table, by name. */
export function publicationsOf(catalog: Catalog, table: Table): (Publication & { readonly name: string })[] {
  if (catalog.publications.size === 0 || table.persistence !== 'permanent' || table.kind !== 'table') return [];
  const sent = [table, ...ancestors(table)];
  return [...catalog.publications]
    .filter(
      ([, { allTables, tables, schemas }]) =>
        allTables || sent.some((relation) => tables.has(relation) || schemas.has(relation.schema)),
    )
    .map(([name, publication]) => ({ name, ...publication }));
}

/** The columns of a table that a publication sends, those of later too; null for all. */
export function publishedColumns({ tables }: Publication, table: Table): readonly string[] | null {
  const lists = [table, ...ancestors(table)].flatMap((relation) => tables.get(relation) ?? []);
  return lists[0]?.columns ?? null;
}

function ancestors(table: Table): Table[] {
  return [...table.parents].flatMap((parent) => [parent, ...ancestors(parent)]);
}

export function renameInPublications(catalog: Catalog, table: Table, from: string, to: string): void {
  for (const { tables } of catalog.publications.values()) {
    const published = tables.get(table);
    if (published?.columns?.includes(from) !== true) continue;
    const columns = published.columns.map((column) => (column === from ? to : column));
    tables.set(table, { ...published, columns });
  }
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
