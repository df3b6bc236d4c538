import type { ConstraintDef } from '../sql/action.ts';
import { type Catalog, type Constraint, foreignKeysUsing, type Index, sameList, type Table } from './catalog.ts';
import { columnsOf, constraintName } from './constraint-name.ts';
import { numbered, ownConstraintName } from './own-name.ts';
import { addPartitionIndex } from './partition-index.ts';
import { addIndex, drop, mention, move } from './relations.ts';

/** Returns what it added: a primary key brings NOT NULL with it. */
export function addConstraint(catalog: Catalog, table: Table, constraint: ConstraintDef): Constraint[] {
  if (constraint.kind === 'not-null') return [addNotNull(table, constraint.column, constraint)];
  const name = constraintName(catalog, table, constraint);
  const references = constraint.kind === 'foreign-key' ? mention(catalog, constraint.references) : null;
  const index = keyIndex(catalog, table, name, constraint);
  const columns =
    'usingIndex' in constraint && constraint.usingIndex !== null
      ? (index?.columns ?? []).flatMap((column) => column ?? [])
      : columnsOf(constraint);
  const notNull = constraint.kind === 'primary-key' ? columns.map((column) => addNotNull(table, column, null)) : [];
  references?.referencedBy.add(table);
  const added: Constraint = {
    name,
    kind: constraint.kind,
    validated: constraint.validated && constraint.enforced,
    enforced: constraint.enforced,
    deferrable: constraint.deferrable,
    noInherit: constraint.kind === 'check' && constraint.noInherit,
    inherited: false,
    columns,
    condition: constraint.kind === 'check' ? constraint.expression.condition : null,
    index,
    references,
    referencedColumns: constraint.kind === 'foreign-key' ? constraint.referencedColumns : [],
    deleteWrites: constraint.kind === 'foreign-key' && constraint.deleteWrites,
  };
  table.constraints.set(name, added);
  return [...notNull, added];
}

/** The index that comes with a key, or that it takes over. */
function keyIndex(catalog: Catalog, table: Table, name: string, constraint: ConstraintDef): Index | null {
  if (constraint.kind !== 'unique' && constraint.kind !== 'primary-key' && constraint.kind !== 'exclude') return null;
  if (constraint.kind !== 'exclude' && constraint.usingIndex !== null) {
    const { usingIndex } = constraint;
    const index = [...table.indexes].find((candidate) => candidate.name === usingIndex) ?? null;
    if (index !== null && index.name !== name) move(catalog, index, index.schema, name);
    return index;
  }
  return addIndex(catalog, table, {
    name,
    unique: constraint.kind !== 'exclude',
    method: constraint.kind === 'exclude' ? 'exclude' : 'btree',
    nameParts: constraint.kind === 'exclude' ? constraint.nameParts : constraint.columns,
    columns: constraint.columns,
    computedFrom: constraint.kind === 'exclude' ? constraint.computedFrom : [],
    plain: constraint.kind !== 'exclude',
  });
}

/** Before 18 a NOT NULL has no name, and nobody asks for the one that it gets here. */
function addNotNull(
  table: Table,
  column: string,
  constraint:
    | Pick<Constraint, 'name' | 'validated' | 'noInherit'>
    | Extract<ConstraintDef, { kind: 'not-null' }>
    | null,
): Constraint {
  const validated = constraint?.validated ?? true;
  if (validated) markNotNull(table, column, true);
  const known = notNullConstraint(table, column);
  if (known !== undefined) {
    known.validated ||= validated;
    return known;
  }
  const name = constraint?.name ?? ownConstraintName(table, [column], 'not_null');
  const added: Constraint = {
    name,
    kind: 'not-null',
    validated,
    enforced: true,
    deferrable: false,
    noInherit: constraint?.noInherit ?? false,
    inherited: false,
    columns: [column],
    condition: null,
    index: null,
    references: null,
    referencedColumns: [],
    deleteWrites: false,
  };
  table.constraints.set(name, added);
  return added;
}

function notNullConstraint(table: Table, column: string): Constraint | undefined {
  for (const constraint of table.constraints.values())
    if (constraint.kind === 'not-null' && constraint.columns[0] === column) return constraint;
  return undefined;
}

export function setNotNull(table: Table, column: string, notNull: boolean): Constraint[] {
  if (notNull) return [addNotNull(table, column, null)];
  const constraint = notNullConstraint(table, column);
  if (constraint !== undefined) table.constraints.delete(constraint.name);
  markNotNull(table, column, false);
  return [];
}

function markNotNull(table: Table, name: string, notNull: boolean): void {
  const column = table.columns.get(name);
  if (column !== undefined && column.notNull !== notNull) table.columns.set(name, { ...column, notNull });
}

/** What a child gets of its parent's constraints: what concerns rows; keys and foreign keys only where it is a partition. */
export function inheritConstraints(catalog: Catalog, parent: Table, child: Table): void {
  for (const constraint of parent.constraints.values()) inheritConstraint(catalog, parent, child, constraint);
}

/** Children of the child get it too. */
export function inheritConstraint(catalog: Catalog, parent: Table, child: Table, constraint: Constraint): void {
  const own = ownCopy(catalog, parent, child, constraint);
  if (own === null) return;
  own.inherited = true;
  for (const grandchild of child.children) inheritConstraint(catalog, child, grandchild, own);
}

/** The constraint of a child that is its parent's; null for what is not inherited. */
function ownCopy(catalog: Catalog, parent: Table, child: Table, constraint: Constraint): Constraint | null {
  const isPartition = parent.partitionBy !== null;
  const copy = (name: string, index: Index | null): Constraint => {
    const own = { ...constraint, name, index };
    child.constraints.set(name, own);
    return own;
  };
  switch (constraint.kind) {
    case 'check':
      return constraint.noInherit ? null : (child.constraints.get(constraint.name) ?? copy(constraint.name, null));
    case 'not-null': {
      const [column] = constraint.columns;
      if (constraint.noInherit || column === undefined) return null;
      return addNotNull(child, column, { ...constraint, name: inheritedName(child, constraint) });
    }
    case 'foreign-key':
      if (!isPartition) return null;
      constraint.references?.referencedBy.add(child);
      return foreignKeyLike(child, constraint) ?? copy(inheritedName(child, constraint), null);
    case 'unique':
    case 'primary-key':
    case 'exclude': {
      if (!isPartition || constraint.index === null) return null;
      const index = addPartitionIndex(catalog, child, constraint.index, constraint.kind);
      return [...child.constraints.values()].find((candidate) => candidate.index === index) ?? copy(index.name, index);
    }
  }
}

/** A partition's own copy has the name of its parent's, unless that is taken. */
function inheritedName(child: Table, { name }: Constraint): string {
  return child.constraints.firstFree(name, (number) => numbered(name, number));
}

/** The foreign key of a partition that can stand for its parent's: it is taken over then, and nothing is checked. */
export function foreignKeyLike(table: Table, wanted: Constraint): Constraint | undefined {
  return [...table.constraints.values()].find(
    ({ kind, inherited, references, columns, referencedColumns, validated, enforced, deferrable }) =>
      kind === 'foreign-key' &&
      !inherited &&
      references === wanted.references &&
      sameList(columns, wanted.columns) &&
      sameList(referencedColumns, wanted.referencedColumns) &&
      validated === wanted.validated &&
      enforced === wanted.enforced &&
      deferrable === wanted.deferrable,
  );
}

/** The constraint of a child that comes from one of its parent. */
export function inheritedFrom(parent: Table, child: Table, constraint: Constraint): Constraint | undefined {
  const copies = [...child.constraints.values()].filter(({ kind, inherited }) => inherited && kind === constraint.kind);
  switch (constraint.kind) {
    case 'check':
      return copies.find(({ name }) => name === constraint.name);
    case 'not-null':
      return copies.find(({ columns }) => sameList(columns, constraint.columns));
    case 'foreign-key':
      return parent.partitionBy === null
        ? undefined
        : copies.find(
            ({ columns, references }) => references === constraint.references && sameList(columns, constraint.columns),
          );
    default:
      return copies.find(({ index }) => index !== null && index.parent === constraint.index);
  }
}

export function dropConstraint(catalog: Catalog, table: Table, name: string): void {
  const constraint = table.constraints.get(name);
  if (constraint === undefined) return;
  for (const child of table.children) {
    const copy = inheritedFrom(table, child, constraint);
    if (copy !== undefined) dropConstraint(catalog, child, copy.name);
  }
  for (const user of foreignKeysUsing(table, constraint)) dropConstraint(catalog, user.table, user.constraint.name);
  table.constraints.delete(name);
  if (constraint.kind === 'not-null') for (const column of constraint.columns) markNotNull(table, column, false);
  const { references } = constraint;
  if (references !== null && !refersTo(table, references)) references.referencedBy.delete(table);
  drop(catalog, constraint.index ?? undefined);
}

function refersTo(table: Table, other: Table): boolean {
  for (const { references } of table.constraints.values()) if (references === other) return true;
  return false;
}
