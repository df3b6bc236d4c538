import type { DropStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { relationKind } from './alter-table.ts';
import { FUNCTIONS, signature } from './function.ts';
import { listName, objectName, strings } from './name.ts';
import { TABLE_OBJECTS } from './table-object.ts';

/** Null for what is not modelled. */
export function drop({ removeType, objects = [], behavior, missing_ok, concurrent }: DropStmt): Action | null {
  const ifExists = missing_ok === true;
  const cascade = behavior === 'DROP_CASCADE';
  const kind = relationKind(removeType);
  if (kind !== null) {
    return {
      kind: 'drop-relation',
      relationKind: kind,
      names: objects.map(objectName),
      ifExists,
      cascade,
      concurrently: concurrent === true,
    };
  }
  if (removeType === 'OBJECT_SCHEMA')
    return { kind: 'drop-schema', names: objects.map((item) => objectName(item).name), ifExists, cascade };
  if (removeType === 'OBJECT_TRIGGER' || removeType === 'OBJECT_POLICY' || removeType === 'OBJECT_RULE') {
    const [object] = objects;
    const parts = object !== undefined && 'List' in object ? (object.List.items ?? []) : [];
    return {
      kind: 'drop-table-object',
      what: TABLE_OBJECTS[removeType],
      table: listName(parts.slice(0, -1)),
      name: strings(parts).at(-1) ?? '',
      ifExists,
    };
  }
  if (removeType === 'OBJECT_TYPE' || removeType === 'OBJECT_DOMAIN')
    return { kind: 'drop-type', names: objects.map(objectName), ifExists, cascade };
  if (removeType === 'OBJECT_PUBLICATION')
    return { kind: 'drop-publication', names: objects.map((item) => objectName(item).name) };
  if (removeType === 'OBJECT_STATISTIC_EXT') return { kind: 'drop-statistics', names: objects.map(objectName) };
  if (FUNCTIONS.has(removeType ?? 'OBJECT_TABLE')) {
    const functions = objects.flatMap((item) => ('ObjectWithArgs' in item ? [signature(item.ObjectWithArgs)] : []));
    return { kind: 'drop-function', functions, cascade };
  }
  // Dropping an extension or operator with CASCADE can take columns and defaults of tables with it.
  return cascade ? null : { kind: 'no-relation' };
}
