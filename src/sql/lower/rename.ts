import type { AlterObjectSchemaStmt, Node, ObjectType, RenameStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { relationKind } from './alter-table.ts';
import { changedFunction, FUNCTIONS } from './function.ts';
import { objectName, relationName } from './name.ts';
import { TABLE_OBJECTS } from './table-object.ts';
import { changedType } from './types.ts';

/** Null for what is not modelled. */
export function rename(node: RenameStmt): Action | null {
  const { renameType, relation, subname = '', newname: to = '', missing_ok } = node;
  const common = { kind: 'rename', to, ifExists: missing_ok === true } as const;
  if (renameType === 'OBJECT_SCHEMA') return { kind: 'rename-schema', from: subname, to };
  if (renameType === 'OBJECT_PUBLICATION')
    return { kind: 'rename-publication', from: objectName(node.object).name, to };
  if (relation === undefined || renameType === 'OBJECT_TYPE')
    return (
      changedType(renameType, node.object, { name: to }) ??
      functionOf(renameType, node.object, { name: to }) ?? { kind: 'no-relation' }
    );
  const name = relationName(relation);
  const kind = relationKind(renameType);
  if (kind !== null) return { ...common, what: kind, relation: name, from: name.name };
  if (renameType === 'OBJECT_COLUMN') return { ...common, what: 'column', relation: name, from: subname };
  if (renameType === 'OBJECT_TABCONSTRAINT') return { ...common, what: 'constraint', relation: name, from: subname };
  if (renameType === 'OBJECT_TRIGGER' || renameType === 'OBJECT_POLICY' || renameType === 'OBJECT_RULE') {
    return { ...common, what: TABLE_OBJECTS[renameType], relation: name, from: subname };
  }
  // ALTER TYPE … RENAME ATTRIBUTE names its composite type as a relation.
  return renameType === 'OBJECT_ATTRIBUTE' ? { kind: 'no-relation' } : null;
}

export function setSchema({ relation, object, objectType, newschema = '' }: AlterObjectSchemaStmt): Action {
  const kind = relationKind(objectType);
  if (kind === null || relation === undefined)
    return (
      changedType(objectType, object, { schema: newschema }) ??
      functionOf(objectType, object, { schema: newschema }) ?? { kind: 'no-relation' }
    );
  return { kind: 'set-schema', relationKind: kind, relation: relationName(relation), schema: newschema };
}

function functionOf(
  type: ObjectType | undefined,
  object: Node | undefined,
  change: { name: string } | { schema: string },
): Action | null {
  return FUNCTIONS.has(type ?? 'OBJECT_TABLE') ? changedFunction(object, change) : null;
}
