import type { Node } from '../libpg.ts';
import type { TypeName } from '../action.ts';
import { strings, typeName } from './name.ts';

/** The column of `column` or `column::type`, with the casts in their order; null for any other expression. */
export function bareColumn(node: Node | undefined): { column: string; casts: TypeName[] } | null {
  const casts: TypeName[] = [];
  let inner = node;
  while (inner !== undefined && 'TypeCast' in inner) {
    casts.unshift(typeName(inner.TypeCast.typeName));
    inner = inner.TypeCast.arg;
  }
  const column = inner !== undefined && 'ColumnRef' in inner ? strings(inner.ColumnRef.fields).at(-1) : undefined;
  return column === undefined || column === '' ? null : { column, casts };
}
