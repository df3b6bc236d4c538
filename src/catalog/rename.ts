import type { ActionOf, RelationKind } from '../sql/action.ts';
import { type Catalog, descendants, resolve, type Table } from './catalog.ts';
import { add, move } from './relations.ts';

const RELATION_KINDS: ReadonlySet<string> = new Set<RelationKind>([
  'table',
  'view',
  'materialized-view',
  'index',
  'sequence',
  'foreign-table',
]);

export function rename(catalog: Catalog, action: ActionOf<'rename'>): void {
  const relation = catalog.relations.get(resolve(catalog, action.relation));
  if (relation === undefined) return;
  if (RELATION_KINDS.has(action.what)) {
    move(catalog, relation, relation.schema, action.to);
    return;
  }
  if (relation.kind !== 'table' && relation.kind !== 'foreign-table') return;
  if (action.what === 'column')
    for (const target of [relation, ...descendants(relation)]) renameColumn(catalog, target, action.from, action.to);
  if (action.what === 'constraint') {
    const constraint = relation.constraints.get(action.from);
    if (constraint === undefined) return;
    relation.constraints.delete(action.from);
    relation.constraints.set(action.to, { ...constraint, name: action.to });
    const index = [...relation.indexes].find((candidate) => candidate.name === action.from);
    if (index !== undefined) move(catalog, index, index.schema, action.to);
  }
}

function renameColumn(catalog: Catalog, table: Table, from: string, to: string): void {
  const swap = <T extends string | null>(name: T): T | string => (name === from ? to : name);
  const column = table.columns.get(from);
  if (column !== undefined) {
    table.columns.delete(from);
    table.columns.set(to, column);
  }
  for (const constraint of table.constraints.values()) {
    table.constraints.set(constraint.name, {
      ...constraint,
      columns: constraint.columns.map(swap),
      notNull: constraint.notNull.map(swap),
    });
  }
  for (const index of Array.from(table.indexes)) {
    table.indexes.delete(index);
    const renamed = { ...index, columns: index.columns.map(swap), computedFrom: index.computedFrom.map(swap) };
    table.indexes.add(renamed);
    add(catalog, renamed);
  }
  for (const sequence of table.sequences) {
    if (sequence.ownedBy?.column === from) sequence.ownedBy.column = to;
  }
  for (const other of table.referencedBy) {
    for (const constraint of other.constraints.values()) {
      if (constraint.references === table)
        other.constraints.set(constraint.name, {
          ...constraint,
          referencedColumns: constraint.referencedColumns.map(swap),
        });
    }
  }
}
