import type { Node } from '../libpg.ts';
import type { Name } from '../action.ts';
import { readsIn } from './use.ts';
import { relationName, strings } from './name.ts';
import { walk } from './walk.ts';

/** Relations whose rows come in one by one: those of FROM, USING and WITH, not those that a condition looks into. */
export function sourcesIn(root: unknown): Name[] {
  const found = new Map<string, Name>();
  walk(root, (type, node) => {
    if (type === 'SubLink') return false;
    if ('RangeVar' in node) {
      const name = relationName(node.RangeVar);
      found.set(keyOf(name), name);
    }
    return true;
  });
  if (found.size === 0) return [];
  // Names that WITH defines are no relations.
  const relations = new Set(readsIn(root).map(keyOf));
  return [...found].flatMap(([key, name]) => (relations.has(key) ? [name] : []));
}

function keyOf({ schema, name }: Name): string {
  return `${schema ?? ''}.${name}`;
}

/** Columns that a condition sets equal to constants: `a = 1 AND b IN (2, 3) AND c > 4` gives `a` and `b`. */
export function pinnedColumns(where: Node | undefined): string[] {
  if (where === undefined) return [];
  if ('BoolExpr' in where)
    return where.BoolExpr.boolop === 'AND_EXPR' ? (where.BoolExpr.args ?? []).flatMap(pinnedColumns) : [];
  if (!('A_Expr' in where)) return [];
  const { kind, name, lexpr, rexpr } = where.A_Expr;
  const isEquality = kind === 'AEXPR_OP' || kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY';
  if (!isEquality || strings(name).at(-1) !== '=') return [];
  if (isConstant(rexpr)) return columnsOf(lexpr);
  return isConstant(lexpr) && kind === 'AEXPR_OP' ? columnsOf(rexpr) : [];
}

function columnsOf(node: Node | undefined): string[] {
  const column = node !== undefined && 'ColumnRef' in node ? strings(node.ColumnRef.fields).at(-1) : undefined;
  return column === undefined ? [] : [column];
}

/** Nothing in it comes from a row. */
function isConstant(node: Node | undefined): boolean {
  let constant = node !== undefined;
  walk(node, (type) => {
    if (type === 'ColumnRef' || type === 'SubLink') constant = false;
  });
  return constant;
}
