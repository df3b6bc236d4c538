import type { ActionOf, LikeClause } from '../sql/action.ts';
import {
  type Catalog,
  computedFrom,
  creationSchema,
  findTable,
  type Index,
  keyOf,
  resolve,
  type Table,
  typeKey,
} from './catalog.ts';
import { addColumn, addOwnSequence } from './columns.ts';
import { addConstraint, inheritConstraints, setNotNull } from './constraints.ts';
import { ownRelationName } from './own-name.ts';
import { withoutDuplicateKeys } from './duplicate-keys.ts';
import { addPartitionIndex } from './partition-index.ts';
import { attach } from './partitions.ts';
import { addIndex, addTable, link, mention } from './relations.ts';
import { setAttribute } from './types.ts';

export function createTable(catalog: Catalog, action: ActionOf<'create-table'>): void {
  const schema = action.persistence === 'temporary' ? 'pg_temp' : creationSchema(catalog, action.name);
  if (action.ifNotExists && catalog.relations.has(keyOf(schema, action.name.name))) return;
  const like = action.like.map((clause) => ({ clause, table: findTable(catalog, clause.table) }));
  const parents = action.inherits.flatMap((parent) => mention(catalog, parent) ?? []);
  const partitioned = action.partitionOf === null ? null : mention(catalog, action.partitionOf.parent);
  const table = addTable(catalog, action.name, {
    kind: action.foreign ? 'foreign-table' : 'table',
    persistence: action.persistence,
    partitionBy: action.partitionBy,
    accessMethod: action.accessMethod ?? partitioned?.accessMethod ?? 'heap',
    tablespace: action.tablespace ?? 'pg_default',
  });
  if (action.onCommitDrop) catalog.temporary.set(table, 'transaction');
  for (const parent of [...parents, ...(partitioned === null ? [] : [partitioned])]) {
    for (const [name, column] of parent.columns)
      table.columns.set(name, { ...column, notNull: false, identity: false });
  }
  if (action.ofType !== null) {
    const key = typeKey(catalog, action.ofType);
    table.ofType = key;
    for (const [name, type] of catalog.composites.get(key) ?? []) setAttribute(catalog, table, name, type);
  }
  for (const source of like) if (source.table !== null) copyColumns(catalog, table, source.table, source.clause);
  const { columns, constraints } = withoutDuplicateKeys(action);
  for (const definition of columns) {
    const inherited = table.columns.get(definition.name);
    // `CREATE TABLE … PARTITION OF t (c NOT NULL)` gives no type.
    addColumn(
      catalog,
      table,
      definition.type.name === '' && inherited !== undefined ? { ...definition, type: inherited.type } : definition,
    );
  }
  for (const constraint of constraints)
    // Over no rows, NOT VALID says nothing.
    addConstraint(catalog, table, { ...constraint, validated: constraint.enforced });
  for (const source of like) if (source.table !== null) copyConstraints(catalog, table, source.table, source.clause);
  for (const parent of parents) {
    link(parent, table);
    inheritConstraints(catalog, parent, table);
  }
  if (partitioned !== null && action.partitionOf !== null)
    attach(catalog, partitioned, table, action.partitionOf.bound);
  for (const constraint of table.constraints.values()) {
    if (constraint.kind === 'check') constraint.validated = constraint.enforced;
    if (constraint.kind === 'not-null') for (const column of constraint.columns) setNotNull(table, column, true);
  }
}

function copyColumns(catalog: Catalog, table: Table, source: Table, { including }: LikeClause): void {
  for (const [name, column] of source.columns) {
    table.columns.set(name, {
      ...column,
      notNull: false,
      default: including.includes('defaults') ? column.default : null,
      generated: including.includes('generated') ? column.generated : null,
      identity: column.identity && including.includes('identity'),
    });
    if (column.identity && including.includes('identity')) addOwnSequence(catalog, table, name);
  }
}

function copyConstraints(catalog: Catalog, table: Table, source: Table, { including }: LikeClause): void {
  for (const constraint of source.constraints.values()) {
    const { name, kind, validated, enforced, deferrable, noInherit, columns } = constraint;
    const common = { validated, enforced, deferrable };
    const [column = ''] = columns;
    if (kind === 'not-null') addConstraint(catalog, table, { ...common, kind, name: null, column, noInherit });
    else if (kind === 'check' && including.includes('constraints') && !table.constraints.has(name))
      table.constraints.set(name, { ...constraint, validated: enforced, inherited: false });
    else if ((kind === 'unique' || kind === 'primary-key') && including.includes('indexes'))
      addConstraint(catalog, table, { ...common, kind, name: null, columns, usingIndex: null });
  }
  if (!including.includes('indexes')) return;
  const ofKeys = new Set([...source.constraints.values()].map(({ index }) => index));
  for (const index of source.indexes) {
    if (ofKeys.has(index)) continue;
    addIndex(catalog, table, { ...index, name: ownRelationName(catalog, table, index.nameParts, 'idx') });
  }
}

export function createIndex(catalog: Catalog, action: ActionOf<'create-index'>): void {
  const known = catalog.relations.get(resolve(catalog, action.table));
  const table = known?.kind === 'materialized-view' ? known : mention(catalog, action.table);
  if (table === null) return;
  const name = action.name ?? ownRelationName(catalog, table, action.nameParts, 'idx');
  if (action.ifNotExists && catalog.relations.has(keyOf(table.schema, name))) return;
  const index = addIndex(catalog, table, {
    name,
    unique: action.unique,
    method: action.method,
    nameParts: action.nameParts,
    columns: action.columns,
    computedFrom: computedFrom(action),
    plain: action.plain,
  });
  if (!action.only && table.kind === 'table') addParts(catalog, table, index);
}

function addParts(catalog: Catalog, table: Table, index: Index): void {
  if (table.partitionBy === null) return;
  for (const child of table.children) addParts(catalog, child, addPartitionIndex(catalog, child, index, null));
}
