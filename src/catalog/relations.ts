import type { Name } from '../sql/action.ts';
import {
  type Catalog,
  creationSchema,
  descendants,
  findTable,
  type Index,
  type IndexShape,
  keyOf,
  type Relation,
  resolve,
  type Sequence,
  type Table,
  type View,
} from './catalog.ts';
import { NameMap } from './name-map.ts';

export function add(catalog: Catalog, relation: Relation): void {
  catalog.relations.set(keyOf(relation.schema, relation.name), relation);
  if (relation.schema === 'pg_temp' && !catalog.temporary.has(relation)) catalog.temporary.set(relation, 'session');
}

export function addTable(
  catalog: Catalog,
  name: Name,
  options: {
    kind?: Table['kind'];
    persistence?: Table['persistence'];
    partitionBy?: Table['partitionBy'];
    accessMethod?: Table['accessMethod'];
    tablespace?: Table['tablespace'];
    file?: number;
  },
): Table {
  const persistence = options.persistence ?? 'permanent';
  const table: Table = {
    kind: options.kind ?? 'table',
    schema: persistence === 'temporary' ? 'pg_temp' : creationSchema(catalog, name),
    name: name.name,
    file: options.file ?? catalog.file,
    persistence,
    accessMethod: options.accessMethod ?? null,
    tablespace: options.tablespace ?? null,
    columns: new Map(),
    constraints: new NameMap(),
    indexes: new Set(),
    partitionBy: options.partitionBy ?? null,
    bound: null,
    clustered: false,
    replicaIdentity: 'default',
    seeds: 0,
    parents: new Set(),
    children: new Set(),
    referencedBy: new Set(),
    sequences: new Set(),
    triggers: new Map(),
    rules: new Map(),
    policies: new Map(),
    ofType: null,
  };
  add(catalog, table);
  return table;
}

/** The table, or what little is known of one that the history does not make; null where the name is that of something else. */
export function mention(catalog: Catalog, name: Name): Table | null {
  const known = findTable(catalog, name);
  if (known !== null || catalog.relations.has(resolve(catalog, name))) return known;
  catalog.gaps = true;
  return addTable(catalog, name, { file: 0 });
}

export function addSequence(catalog: Catalog, name: Name, ownedBy: Sequence['ownedBy']): void {
  const schema = creationSchema(catalog, name);
  if (catalog.relations.has(keyOf(schema, name.name))) return;
  const sequence: Sequence = { kind: 'sequence', schema, name: name.name, file: catalog.file, ownedBy: null };
  add(catalog, sequence);
  own(sequence, ownedBy);
}

export function own(sequence: Sequence, ownedBy: Sequence['ownedBy']): void {
  sequence.ownedBy?.table.sequences.delete(sequence);
  sequence.ownedBy = ownedBy;
  ownedBy?.table.sequences.add(sequence);
}

/** PostgreSQL refuses a circle. */
export function link(parent: Table, child: Table): void {
  if (parent === child || descendants(child).includes(parent)) return;
  parent.children.add(child);
  child.parents.add(parent);
}

export function unlink(parent: Table, child: Table): void {
  parent.children.delete(child);
  child.parents.delete(parent);
}

export function addIndex(
  catalog: Catalog,
  table: Table | View,
  definition: IndexShape & Pick<Index, 'name' | 'nameParts'> & { readonly plain?: boolean },
): Index {
  const { name, nameParts, unique, method, columns, computedFrom, plain = false } = definition;
  const index: Index = {
    kind: 'index',
    schema: table.schema,
    name,
    file: catalog.file,
    table,
    unique,
    method,
    nameParts,
    columns,
    computedFrom,
    plain,
    parent: null,
  };
  table.indexes.add(index);
  add(catalog, index);
  return index;
}

/** The indexes of partitions that belong to an index of their partitioned table. */
function partsOf(index: Index, table: Table): Index[] {
  return [...table.children].flatMap((child) => [...child.indexes].filter(({ parent }) => parent === index));
}

export function move(catalog: Catalog, relation: Relation, schema: string, name: string): void {
  catalog.relations.delete(keyOf(relation.schema, relation.name));
  if (relation.kind === 'table' || relation.kind === 'foreign-table') {
    // Indexes and owned sequences live in their table's schema.
    for (const index of relation.indexes) if (index.schema !== schema) move(catalog, index, schema, index.name);
    for (const sequence of relation.sequences)
      if (sequence.schema !== schema) move(catalog, sequence, schema, sequence.name);
  }
  relation.schema = schema;
  relation.name = name;
  add(catalog, relation);
}

/** Takes away a relation with what cannot be without it; where CASCADE is not said, the server has made sure that the rest is nothing. */
export function drop(catalog: Catalog, relation: Relation | undefined): void {
  if (relation === undefined) return;
  const key = keyOf(relation.schema, relation.name);
  if (catalog.relations.get(key) !== relation) return;
  catalog.relations.delete(key);
  if (relation.kind === 'index') {
    relation.table.indexes.delete(relation);
    // The parts of a partitioned table's index go with it.
    if (relation.table.kind === 'table') for (const part of partsOf(relation, relation.table)) drop(catalog, part);
    return;
  }
  dropUsers(catalog, relation);
  if (relation.kind === 'sequence') {
    own(relation, null);
    return;
  }
  for (const index of relation.indexes) drop(catalog, index);
  for (const [name, tables] of catalog.statistics) if (tables.includes(relation)) catalog.statistics.delete(name);
  if (relation.kind !== 'table' && relation.kind !== 'foreign-table') return;
  for (const sequence of relation.sequences) drop(catalog, sequence);
  for (const parent of relation.parents) unlink(parent, relation);
  for (const child of relation.children) {
    unlink(relation, child);
    // Partitions go with their table.
    if (relation.partitionBy !== null) drop(catalog, child);
  }
  for (const constraint of relation.constraints.values()) constraint.references?.referencedBy.delete(relation);
  for (const other of relation.referencedBy) {
    for (const constraint of other.constraints.values()) {
      if (constraint.references === relation) other.constraints.delete(constraint.name);
    }
  }
}

/** Views that read a relation, one upon another, with rules and policies that do, and defaults that take numbers from it. */
function dropUsers(catalog: Catalog, relation: Relation): void {
  const gone = withReaders(catalog, relation);
  for (const view of gone) {
    if (view === relation || !('reads' in view)) continue;
    catalog.relations.delete(keyOf(view.schema, view.name));
    for (const index of view.indexes) drop(catalog, index);
  }
  for (const other of catalog.relations.values()) {
    if (other.kind === 'index' || other.kind === 'sequence') continue;
    for (const { name, reads, writes } of other.rules.values())
      if ([...reads, ...writes.map((write) => write.relation)].some((used) => gone.has(used))) other.rules.delete(name);
    if ('reads' in other) continue;
    for (const { name, reads } of other.policies.values())
      if ([...reads].some((used) => gone.has(used))) other.policies.delete(name);
    if (relation.kind !== 'sequence') continue;
    for (const [name, column] of other.columns)
      if (column.sequences.includes(relation)) other.columns.set(name, { ...column, sequences: [], default: null });
  }
}

/** A relation and the views over it. A history may stack thousands. */
function withReaders(catalog: Catalog, relation: Relation): ReadonlySet<Relation> {
  const readers = new Map<Relation, View[]>();
  for (const view of catalog.relations.views.values()) {
    for (const read of view.reads.keys()) {
      const known = readers.get(read);
      if (known === undefined) readers.set(read, [view]);
      else known.push(view);
    }
  }
  const found = new Set([relation]);
  // A set also gives what is added while it is walked.
  for (const one of found) for (const view of readers.get(one) ?? []) found.add(view);
  return found;
}
