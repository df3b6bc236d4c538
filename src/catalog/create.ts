import type { ActionOf } from '../sql/action.ts';
import { type Catalog, computedFrom, creationSchema, findTable, keyOf, resolve, type Table } from './catalog.ts';
import { addColumn, addConstraint, freeName } from './columns.ts';
import { addIndex, addTable, adopt, mention } from './relations.ts';

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
  });
  for (const source of known) {
    for (const [name, column] of source?.columns ?? []) table.columns.set(name, column);
  }
  for (const definition of action.columns) addColumn(catalog, table, definition);
  for (const constraint of action.constraints) addConstraint(catalog, table, constraint);
  for (const parent of action.inherits) adopt(catalog, parent, table);
  if (action.partitionOf !== null) {
    adopt(catalog, action.partitionOf.parent, table);
    table.isDefaultPartition = action.partitionOf.isDefault;
  }
  for (const parent of table.parents) inheritChecks(parent, table);
}

function inheritChecks(parent: Table, child: Table): void {
  for (const constraint of parent.constraints.values()) {
    if (constraint.kind === 'check' && !constraint.noInherit && !child.constraints.has(constraint.name)) {
      child.constraints.set(constraint.name, { ...constraint });
    }
  }
}

export function createIndex(catalog: Catalog, action: ActionOf<'create-index'>): void {
  const known = catalog.relations.get(resolve(catalog, action.table));
  const table = known?.kind === 'materialized-view' ? known : mention(catalog, action.table);
  if (table === null) return;
  const ownName = [table.name, ...action.nameParts, 'idx'].join('_');
  const name = action.name ?? freeName(ownName, (candidate) => catalog.relations.has(keyOf(table.schema, candidate)));
  if (action.ifNotExists && catalog.relations.has(keyOf(table.schema, name))) return;
  addIndex(catalog, table, {
    name,
    unique: action.unique,
    columns: action.columns,
    computedFrom: computedFrom(action),
  });
}
