import type { Node } from '../libpg.ts';
import type { Expression } from '../action.ts';
import { bareColumn } from './bare-column.ts';
import { condition } from './condition.ts';
import { strings } from './name.ts';
import { useIn } from './use.ts';
import { walk } from './walk.ts';

export function expression(node: Node | undefined): Expression {
  const columns = new Set<string>();
  walk(node, (_type, inner) => {
    if (!('ColumnRef' in inner)) return;
    const column = strings(inner.ColumnRef.fields).at(-1);
    if (column !== undefined && column !== '') columns.add(column);
  });
  const { functions, reads } = useIn(node);
  return {
    functions,
    columns: [...columns],
    condition: condition(node),
    bareColumn: bareColumn(node),
    isNull: isNull(node),
    isClock:
      node !== undefined &&
      'SQLValueFunction' in node &&
      (node.SQLValueFunction.op?.startsWith('SVFOP_CURRENT_TIME') ?? false),
    reads,
  };
}

function isNull(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if ('TypeCast' in node) return isNull(node.TypeCast.arg);
  return 'A_Const' in node && node.A_Const.isnull === true;
}
