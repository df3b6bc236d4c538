import type { ActionOf, Condition, RelationKind } from '../sql/action.ts';
import { type Catalog, descendants, resolve, type Table } from './catalog.ts';
import { renameInPublications } from './publications.ts';
import { move } from './relations.ts';
import { renameTableObject } from './table-objects.ts';
import { renameInViews } from './views.ts';

/** What of those that RENAME names is a relation. */
export const RELATION_KINDS: ReadonlySet<string> = new Set<RelationKind>([
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
    // The index of a constraint and the constraint have one name.
    const { constraints } = relation.kind === 'index' && relation.table.kind === 'table' ? relation.table : {};
    const constraint = [...(constraints?.values() ?? [])].find(({ index }) => index === relation);
    if (constraint !== undefined) {
      constraints?.delete(constraint.name);
      constraints?.set(action.to, { ...constraint, name: action.to });
    }
    move(catalog, relation, relation.schema, action.to);
    return;
  }
  if (relation.kind === 'index' || relation.kind === 'sequence') return;
  if (action.what === 'trigger' || action.what === 'policy' || action.what === 'rule') {
    renameTableObject(relation, action.what, action.from, action.to);
    return;
  }
  if (relation.kind !== 'table' && relation.kind !== 'foreign-table') return;
  if (action.what === 'column')
    for (const target of [relation, ...descendants(relation)]) renameColumn(catalog, target, action.from, action.to);
  if (action.what === 'constraint')
    for (const target of [relation, ...descendants(relation)]) {
      if (target === relation || target.constraints.get(action.from)?.inherited === true)
        renameConstraint(catalog, target, action.from, action.to);
    }
}

function renameConstraint(catalog: Catalog, table: Table, from: string, to: string): void {
  const constraint = table.constraints.get(from);
  if (constraint === undefined) return;
  table.constraints.delete(from);
  table.constraints.set(to, { ...constraint, name: to });
  if (constraint.index !== null) move(catalog, constraint.index, constraint.index.schema, to);
}

function renameColumn(catalog: Catalog, table: Table, from: string, to: string): void {
  const swap = <T extends string | null>(name: T): T | string => (name === from ? to : name);
  renameInViews(catalog, table, from, to);
  const column = table.columns.get(from);
  if (column !== undefined) {
    table.columns.delete(from);
    table.columns.set(to, column);
  }
  for (const [name, other] of table.columns)
    if (other.computedFrom.includes(from))
      table.columns.set(name, { ...other, computedFrom: other.computedFrom.map(swap) });
  renameInPublications(catalog, table, from, to);
  for (const constraint of table.constraints.values()) {
    table.constraints.set(constraint.name, {
      ...constraint,
      columns: constraint.columns.map(swap),
      condition: constraint.condition === null ? null : renamedIn(constraint.condition, from, to),
    });
  }
  for (const index of table.indexes) {
    index.columns = index.columns.map(swap);
    index.computedFrom = index.computedFrom.map(swap);
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

function renamedIn(condition: Condition, from: string, to: string): Condition {
  if ('of' in condition) return { ...condition, of: condition.of.map((part) => renamedIn(part, from, to)) };
  return 'column' in condition && condition.column === from ? { ...condition, column: to } : condition;
}
