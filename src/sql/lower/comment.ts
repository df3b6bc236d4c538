import type { CommentStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { relationKind } from './alter-table.ts';
import { listName } from './name.ts';
import { TABLE_OBJECTS } from './table-object.ts';

export function comment({ objtype, object }: CommentStmt): Action {
  const items = object !== undefined && 'List' in object ? (object.List.items ?? []) : [];
  if (relationKind(objtype) !== null) return { kind: 'comment', relation: listName(items) };
  if (
    objtype === 'OBJECT_COLUMN' ||
    objtype === 'OBJECT_TABCONSTRAINT' ||
    (objtype !== undefined && objtype in TABLE_OBJECTS)
  ) {
    return { kind: 'comment', relation: listName(items.slice(0, -1)) };
  }
  return { kind: 'comment', relation: null };
}
