import type { ColumnDef, ConstraintDef } from '../sql/action.ts';
import { type Catalog, columnOf, type Constraint, isSerial, type Table } from './catalog.ts';
import { addIndex, addSequence, drop, mention, move } from './relations.ts';

export function addColumn(catalog: Catalog, table: Table, definition: ColumnDef): void {
  table.columns.set(definition.name, columnOf(definition));
  if (definition.identity !== null || isSerial(definition.type)) {
    addSequence(
      catalog,
      { schema: table.schema, name: `${table.name}_${definition.name}_seq` },
      { table, column: definition.name },
    );
  }
  for (const constraint of definition.constraints) addConstraint(catalog, table, constraint);
}

/** PostgreSQL's own names for constraints without one. */
function constraintName(table: Table, constraint: ConstraintDef): string {
  if (constraint.name !== null) return constraint.name;
  const suffix = {
    check: 'check',
    'not-null': 'not_null',
    unique: 'key',
    'primary-key': 'pkey',
    exclude: 'excl',
    'foreign-key': 'fkey',
  }[constraint.kind];
  const columns = constraint.kind === 'exclude' ? constraint.nameParts : columnsOf(constraint);
  // A check names its column only when it has just one.
  const named = constraint.kind === 'primary-key' || (constraint.kind === 'check' && columns.length > 1) ? [] : columns;
  return freeName([table.name, ...named, suffix].join('_'), (name) => table.constraints.has(name));
}

/** PostgreSQL appends 1, 2, … to a name of its own making that is taken. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 0; ; number += 1) {
    const candidate = number === 0 ? name : `${name}${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

function columnsOf(constraint: ConstraintDef): readonly string[] {
  if (constraint.kind === 'check') return constraint.expression.columns;
  return constraint.kind === 'not-null' ? [constraint.column] : constraint.columns;
}

export function addConstraint(catalog: Catalog, table: Table, constraint: ConstraintDef): void {
  const name = constraintName(table, constraint);
  if (constraint.kind === 'not-null' && constraint.validated) setNotNull(table, constraint.column, true);
  if (constraint.kind === 'primary-key') for (const column of constraint.columns) setNotNull(table, column, true);
  const references = constraint.kind === 'foreign-key' ? mention(catalog, constraint.references) : null;
  references?.referencedBy.add(table);
  const entry: Constraint = {
    name,
    kind: constraint.kind,
    validated: constraint.validated,
    noInherit: constraint.kind === 'check' && constraint.noInherit,
    columns: columnsOf(constraint),
    notNull: constraint.kind === 'check' ? constraint.expression.notNull : [],
    references,
    referencedColumns: constraint.kind === 'foreign-key' ? constraint.referencedColumns : [],
  };
  table.constraints.set(name, entry);
  if (constraint.kind !== 'unique' && constraint.kind !== 'primary-key' && constraint.kind !== 'exclude') return;
  const usingIndex = constraint.kind === 'exclude' ? null : constraint.usingIndex;
  if (usingIndex !== null) {
    const index = [...table.indexes].find((candidate) => candidate.name === usingIndex);
    if (constraint.kind === 'primary-key')
      for (const column of index?.columns ?? []) if (column !== null) setNotNull(table, column, true);
    if (index !== undefined) move(catalog, index, index.schema, name);
    return;
  }
  addIndex(catalog, table, {
    name,
    unique: constraint.kind !== 'exclude',
    columns: constraint.columns,
    computedFrom: constraint.kind === 'exclude' ? constraint.computedFrom : [],
  });
}

export function setNotNull(table: Table, name: string, notNull: boolean): void {
  const column = table.columns.get(name);
  if (column !== undefined) table.columns.set(name, { ...column, notNull });
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

export function dropConstraint(catalog: Catalog, table: Table, name: string): void {
  const constraint = table.constraints.get(name);
  if (constraint === undefined) return;
  table.constraints.delete(name);
  if (constraint.kind === 'not-null') for (const column of constraint.columns) setNotNull(table, column, false);
  const { references } = constraint;
  if (references !== null && ![...table.constraints.values()].some((other) => other.references === references))
    references.referencedBy.delete(table);
  drop(
    catalog,
    [...table.indexes].find((index) => index.name === name),
  );
}
