import type { ConstraintDef } from '../sql/action.ts';
import type { Catalog, Table } from './catalog.ts';
import { ownConstraintName, ownRelationName } from './own-name.ts';

const LABELS: Readonly<Record<ConstraintDef['kind'], string>> = {
  check: 'check',
  'not-null': 'not_null',
  unique: 'key',
  'primary-key': 'pkey',
  exclude: 'excl',
  'foreign-key': 'fkey',
};

/** The name that a constraint has, or that PostgreSQL makes up for it. */
export function constraintName(catalog: Catalog, table: Table, constraint: ConstraintDef): string {
  if (constraint.name !== null) return constraint.name;
  if ('usingIndex' in constraint && constraint.usingIndex !== null) return constraint.usingIndex;
  const label = LABELS[constraint.kind];
  switch (constraint.kind) {
    case 'primary-key':
      return ownRelationName(catalog, table, [], label);
    case 'unique':
      return ownRelationName(catalog, table, constraint.columns, label);
    case 'exclude':
      return ownRelationName(catalog, table, constraint.nameParts, label);
    case 'check': {
      const { columns } = constraint.expression;
      // A check names its column only when it has just one.
      return ownConstraintName(table, columns.length > 1 ? [] : columns, label);
    }
    case 'not-null':
    case 'foreign-key':
      return ownConstraintName(table, columnsOf(constraint), label);
  }
}

export function columnsOf(constraint: ConstraintDef): readonly string[] {
  if (constraint.kind === 'check') return constraint.expression.columns;
  return constraint.kind === 'not-null' ? [constraint.column] : constraint.columns;
}
