import {
  baseType,
  type Catalog,
  type Constraint,
  creationSchema,
  findTable,
  keyOf,
  resolve,
} from '../catalog/catalog.ts';
import type { ActionOf, ConstraintDef, TypeName } from '../sql/action.ts';
import { addedConstraints } from './added.ts';

/** A column of a foreign key that a statement adds, and the one that it refers to; domains are seen as what they are over. */
export interface KeyColumn {
  readonly table: string;
  readonly column: string;
  readonly type: TypeName;
  readonly referenced: string;
  readonly referencedColumn: string;
  readonly referencedType: TypeName;
}

/** The columns of new foreign keys whose types are known on both sides. */
export function keyColumns(action: ActionOf<'create-table' | 'alter-table'>, catalog: Catalog): KeyColumn[] {
  const constraints = addedConstraints(action);
  if (!constraints.some(({ kind }) => kind === 'foreign-key')) return [];
  const isNew = action.kind === 'create-table';
  const table = isNew ? keyOf(creationSchema(catalog, action.name), action.name.name) : resolve(catalog, action.name);
  const added = isNew
    ? action.columns
    : action.commands.flatMap((command) => (command.kind === 'add-column' ? [command.column] : []));
  const known = isNew ? null : findTable(catalog, action.name);
  const typeOf = (column: string): TypeName | undefined =>
    added.find(({ name }) => name === column)?.type ?? known?.columns.get(column)?.type;
  return constraints.flatMap((constraint) => {
    if (constraint.kind !== 'foreign-key') return [];
    const self = isNew && keyOf(creationSchema(catalog, constraint.references), constraint.references.name) === table;
    const target = self ? null : findTable(catalog, constraint.references);
    const columns =
      constraint.referencedColumns.length > 0
        ? constraint.referencedColumns
        : primaryKey(self ? constraints : [...(target?.constraints.values() ?? [])]);
    return constraint.columns.flatMap((column, index) => {
      const type = typeOf(column);
      const referencedColumn = columns[index];
      if (type === undefined || referencedColumn === undefined) return [];
      const referencedType = self ? typeOf(referencedColumn) : target?.columns.get(referencedColumn)?.type;
      if (referencedType === undefined) return [];
      return [
        {
          table,
          column,
          type: baseType(catalog, type),
          referenced: self ? table : resolve(catalog, constraint.references),
          referencedColumn,
          referencedType: baseType(catalog, referencedType),
        },
      ];
    });
  });
}

function primaryKey(constraints: readonly (ConstraintDef | Constraint)[]): readonly string[] {
  return constraints.flatMap((other) => (other.kind === 'primary-key' ? other.columns : []));
}
