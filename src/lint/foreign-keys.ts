import { baseType, type Catalog, creationSchema, findTable, keyOf, resolve } from '../catalog/catalog.ts';
import type { ActionOf, ColumnDef, ConstraintDef, TypeName } from '../sql/action.ts';

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
  const isNew = action.kind === 'create-table';
  const table = isNew ? keyOf(creationSchema(catalog, action.name), action.name.name) : resolve(catalog, action.name);
  const added = isNew
    ? action.columns
    : action.commands.flatMap((command) => (command.kind === 'add-column' ? [command.column] : []));
  const constraints = [
    ...(isNew
      ? action.constraints
      : action.commands.flatMap((command) => (command.kind === 'add-constraint' ? [command.constraint] : []))),
    ...added.flatMap((column) => column.constraints),
  ];
  if (!constraints.some(({ kind }) => kind === 'foreign-key')) return [];
  const own = new Map<string, TypeName>(
    isNew ? [] : [...(findTable(catalog, action.name)?.columns ?? [])].map(([name, { type }]) => [name, type]),
  );
  for (const { name, type } of added) own.set(name, type);
  return constraints.flatMap((constraint) => {
    if (constraint.kind !== 'foreign-key') return [];
    const self = isNew && keyOf(creationSchema(catalog, constraint.references), constraint.references.name) === table;
    const target = self ? ofNewTable(added, constraints) : ofKnownTable(catalog, constraint);
    const columns = constraint.referencedColumns.length > 0 ? constraint.referencedColumns : target.primaryKey;
    return constraint.columns.flatMap((column, index) => {
      const type = own.get(column);
      const referencedColumn = columns[index];
      const referencedType = referencedColumn === undefined ? undefined : target.types.get(referencedColumn);
      if (type === undefined || referencedColumn === undefined || referencedType === undefined) return [];
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

interface Target {
  readonly types: ReadonlyMap<string, TypeName>;
  readonly primaryKey: readonly string[];
}

function ofNewTable(columns: readonly ColumnDef[], constraints: readonly ConstraintDef[]): Target {
  return {
    types: new Map(columns.map(({ name, type }) => [name, type])),
    primaryKey: constraints.flatMap((other) => (other.kind === 'primary-key' ? other.columns : [])),
  };
}

function ofKnownTable(catalog: Catalog, { references }: Extract<ConstraintDef, { kind: 'foreign-key' }>): Target {
  const table = findTable(catalog, references);
  return {
    types: new Map([...(table?.columns ?? [])].map(([name, { type }]) => [name, type])),
    primaryKey: [...(table?.constraints.values() ?? [])].flatMap(({ kind, columns }) =>
      kind === 'primary-key' ? columns : [],
    ),
  };
}
