import type {
  AlterEnumStmt,
  AlterTableStmt,
  CompositeTypeStmt,
  CreateEnumStmt,
  CreateRangeStmt,
  Node,
  ObjectType,
} from '../libpg.ts';
import type { Action } from '../action.ts';
import { listName, objectName, relationName, strings, typeName } from './name.ts';

export function createEnum({ typeName: name, vals }: CreateEnumStmt): Action {
  return { kind: 'create-enum', name: listName(name), values: strings(vals) };
}

export function alterEnum(node: AlterEnumStmt): Action {
  const name = listName(node.typeName);
  const value = node.newVal ?? '';
  if (node.oldVal !== undefined) return { kind: 'alter-enum', name, command: 'rename-value', value, from: node.oldVal };
  return {
    kind: 'alter-enum',
    name,
    command: 'add-value',
    value,
    ifNotExists: node.skipIfNewValExists === true,
    beside:
      node.newValNeighbor === undefined ? null : { value: node.newValNeighbor, after: node.newValIsAfter === true },
  };
}

export function createComposite({ typevar, coldeflist = [] }: CompositeTypeStmt): Action {
  const attributes = coldeflist.flatMap((item) =>
    'ColumnDef' in item ? [{ name: item.ColumnDef.colname ?? '', type: typeName(item.ColumnDef.typeName) }] : [],
  );
  return { kind: 'create-composite', name: relationName(typevar), attributes };
}

export function createRange({ typeName: name, params = [] }: CreateRangeStmt): Action {
  const subtype = params.find((item) => 'DefElem' in item && item.DefElem.defname === 'subtype');
  const arg = subtype !== undefined && 'DefElem' in subtype ? subtype.DefElem.arg : undefined;
  return {
    kind: 'create-range',
    name: listName(name),
    subtype: arg !== undefined && 'TypeName' in arg ? typeName(arg.TypeName) : null,
  };
}

/** ALTER TYPE … ADD, DROP and ALTER ATTRIBUTE come as ALTER TABLE. */
export function alterComposite({ relation, cmds = [] }: AlterTableStmt): Action {
  return {
    kind: 'alter-composite',
    name: relationName(relation),
    commands: cmds.flatMap((item) => {
      if (!('AlterTableCmd' in item)) return [];
      const { subtype, name, def, behavior } = item.AlterTableCmd;
      const column = def !== undefined && 'ColumnDef' in def ? def.ColumnDef : null;
      return [
        {
          kind: subtype === 'AT_AddColumn' ? 'add' : subtype === 'AT_DropColumn' ? 'drop' : 'set-type',
          attribute: name ?? column?.colname ?? '',
          type: column === null ? null : typeName(column.typeName),
          cascade: behavior === 'DROP_CASCADE',
        } as const,
      ];
    }),
  };
}

const TYPES: ReadonlySet<ObjectType> = new Set(['OBJECT_TYPE', 'OBJECT_DOMAIN']);

/** RENAME and SET SCHEMA of a type or domain; null for anything else. */
export function changedType(
  type: ObjectType | undefined,
  object: Node | undefined,
  change: { readonly name: string } | { readonly schema: string },
): Action | null {
  if (type === undefined || !TYPES.has(type)) return null;
  return { kind: 'change-type', name: objectName(object), to: change };
}
