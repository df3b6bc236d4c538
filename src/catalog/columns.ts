import type { ColumnDef } from '../sql/action.ts';
import { type Catalog, columnOf, type Constraint, descendants, isSerial, type Table } from './catalog.ts';
import { addConstraint, dropConstraint, inheritConstraint, setNotNull } from './constraints.ts';
import { ownRelationName } from './own-name.ts';
import { addSequence, drop } from './relations.ts';

export function addColumn(catalog: Catalog, table: Table, definition: ColumnDef): void {
  const column = columnOf(catalog, definition);
  table.columns.set(definition.name, { ...column, notNull: false });
  if (definition.identity !== null || isSerial(definition.type)) addOwnSequence(catalog, table, definition.name);
  const added: Constraint[] = [];
  for (const constraint of definition.constraints) added.push(...addConstraint(catalog, table, constraint));
  if (column.notNull) added.push(...setNotNull(table, definition.name, true));
  for (const child of descendants(table)) {
    // A child of the same name has it already, and the two become one.
    if (!child.columns.has(definition.name)) child.columns.set(definition.name, { ...column, notNull: false });
  }
  for (const constraint of added)
    for (const child of table.children) inheritConstraint(catalog, table, child, constraint);
}

/** The sequence of a serial or identity column. */
export function addOwnSequence(catalog: Catalog, table: Table, column: string): void {
  const name = ownRelationName(catalog, table, [column], 'seq');
  addSequence(catalog, { schema: table.schema, name }, { table, column });
}

export function dropColumn(catalog: Catalog, table: Table, name: string): void {
  table.columns.delete(name);
  for (const constraint of table.constraints.values()) {
    if (constraint.columns.includes(name)) dropConstraint(catalog, table, constraint.name);
  }
  for (const index of table.indexes) {
    if (index.columns.includes(name) || index.computedFrom.includes(name)) drop(catalog, index);
  }
  for (const sequence of table.sequences) {
    if (sequence.ownedBy?.column === name) drop(catalog, sequence);
  }
}
