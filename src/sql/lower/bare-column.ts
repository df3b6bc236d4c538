import type { Node } from '../libpg.ts';
import type { TypeName } from '../action.ts';
import { strings, typeName } from './name.ts';

/** The column of `column` or `column::type`, with the cast; null for any other expression. */
export function bareColumn(node: Node | undefined): { column: string; cast: TypeName | null } | null {
  if (node === undefined) return null;
  if ('ColumnRef' in node) {
    const column = strings(node.ColumnRef.fields).at(-1);
    return column === undefined || column === '' ? null : { column, cast: null };
  }
  if ('TypeCast' in node) {
    const inner = bareColumn(node.TypeCast.arg);
    return inner === null || inner.cast !== null
      ? null
      : { column: inner.column, cast: typeName(node.TypeCast.typeName) };
  }
  return null;
}
