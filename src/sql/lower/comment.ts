import type { CommentStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { relationKind } from './alter-table.ts';
import { listName } from './name.ts';
import { TABLE_OBJECTS } from './table-object.ts';

export function comment({ objtype = 'OBJECT_TABLE', object }: CommentStmt): Action {
  const items = object !== undefined && 'List' in object ? (object.List.items ?? []) : [];
  if (relationKind(objtype) !== null) return { kind: 'comment', on: 'relation', relation: listName(items) };
  const owner = listName(items.slice(0, -1));
  if (objtype === 'OBJECT_COLUMN') return { kind: 'comment', on: 'column', relation: owner };
  return objtype === 'OBJECT_TABCONSTRAINT' || objtype in TABLE_OBJECTS
    ? { kind: 'comment', on: 'part', relation: owner }
    : { kind: 'comment', on: 'other', relation: null };
}
