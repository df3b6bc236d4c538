import type { Node } from '../libpg.ts';
import type { Expression, FunctionCall, Name } from '../action.ts';
import { bareColumn } from './bare-column.ts';
import { callOf } from './call.ts';
import { condition } from './condition.ts';
import { relationName, strings } from './name.ts';
import { walk } from './walk.ts';

export function expression(node: Node | undefined): Expression {
  const columns = new Set<string>();
  walk(node, (_type, inner) => {
    if (!('ColumnRef' in inner)) return;
    const column = strings(inner.ColumnRef.fields).at(-1);
    if (column !== undefined && column !== '') columns.add(column);
  });
  return {
    functions: functionsIn(node),
    columns: [...columns],
    condition: condition(node),
    bareColumn: bareColumn(node),
    isNull: isNull(node),
    isClock:
      node !== undefined &&
      'SQLValueFunction' in node &&
      (node.SQLValueFunction.op?.startsWith('SVFOP_CURRENT_TIME') ?? false),
    reads: relationsIn(node),
  };
}

/** Functions called anywhere below. */
export function functionsIn(root: unknown): FunctionCall[] {
  const functions: FunctionCall[] = [];
  walk(root, (_type, node) => {
    if ('FuncCall' in node) functions.push(callOf(node.FuncCall));
  });
  return functions;
}

/** Relations named anywhere below, without those that WITH defines there. */
export function relationsIn(root: unknown): Name[] {
  const defined = new Set<string>();
  walk(root, (_type, node) => {
    if ('CommonTableExpr' in node) defined.add(node.CommonTableExpr.ctename ?? '');
  });
  const found = new Map<string, Name>();
  walk(root, (_type, node) => {
    if (!('RangeVar' in node)) return;
    const name = relationName(node.RangeVar);
    if (name.schema === null && defined.has(name.name)) return;
    found.set(`${name.schema ?? ''}.${name.name}`, name);
  });
  return [...found.values()];
}

function isNull(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if ('TypeCast' in node) return isNull(node.TypeCast.arg);
  return 'A_Const' in node && node.A_Const.isnull === true;
}
