import type { ActionOf } from '../sql/action.ts';
import { type Catalog, creationSchema, findTable, keyOf } from './catalog.ts';
import { addColumn, addConstraint } from './columns.ts';
import { addIndex, addTable, link, mention } from './relations.ts';

export function createTable(catalog: Catalog, action: ActionOf<'create-table'>): void {
  const schema = action.persistence === 'temporary' ? 'pg_temp' : creationSchema(catalog, action.name);
  if (action.ifNotExists && catalog.relations.has(keyOf(schema, action.name.name))) return;
  const sources = [
    ...action.like,
    ...action.inherits,
    ...(action.partitionOf === null ? [] : [action.partitionOf.parent]),
  ];
  const known = sources.map((source) => findTable(catalog, source));
  const table = addTable(catalog, action.name, {
    kind: action.foreign ? 'foreign-table' : 'table',
    persistence: action.persistence,
    partitioned: action.partitionBy !== null,
    complete: known.every((source) => source?.complete === true),
  });
  for (const source of known) {
    for (const [name, column] of source?.columns ?? []) table.columns.set(name, column);
  }
  for (const definition of action.columns) addColumn(catalog, table, definition);
  for (const constraint of action.constraints) addConstraint(catalog, table, constraint);
  for (const parent of action.inherits) link(mention(catalog, parent), table);
  if (action.partitionOf !== null) {
    link(mention(catalog, action.partitionOf.parent), table);
    table.isDefaultPartition = action.partitionOf.isDefault;
  }
}

export function createIndex(catalog: Catalog, action: ActionOf<'create-index'>): void {
  const table = mention(catalog, action.table);
  const name = action.name ?? [table.name, ...action.columns.map((column) => column ?? 'expr'), 'idx'].join('_');
  if (action.ifNotExists && catalog.relations.has(keyOf(table.schema, name))) return;
  const computed = [...action.expressions, ...(action.where === null ? [] : [action.where])];
  addIndex(catalog, table, {
    name,
    unique: action.unique,
    columns: action.columns,
    computedFrom: computed.flatMap(({ columns }) => columns),
  });
}
