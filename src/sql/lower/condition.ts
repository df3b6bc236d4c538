import type { A_Expr, Node } from '../libpg.ts';
import type { Comparison, Condition, Constant } from '../action.ts';
import { negated } from '../negated.ts';
import { bareColumn } from './bare-column.ts';
import { strings, typeName } from './name.ts';

const UNREAD: Condition = { kind: 'unread' };

/** Expressions nest deeper than JavaScript's stack; who nests conditions like that is not read. */
const MOST_LEVELS = 50;

export function condition(node: Node | undefined, levels = 0): Condition {
  if (node === undefined || levels > MOST_LEVELS) return UNREAD;
  if ('BoolExpr' in node) {
    const of = (node.BoolExpr.args ?? []).map((part) => condition(part, levels + 1));
    if (node.BoolExpr.boolop === 'AND_EXPR') return { kind: 'and', of };
    return node.BoolExpr.boolop === 'OR_EXPR' ? { kind: 'or', of } : negated({ kind: 'and', of });
  }
  if ('NullTest' in node) {
    const column = columnIn(node.NullTest.arg);
    if (column === null) return UNREAD;
    return { kind: node.NullTest.nulltesttype === 'IS_NOT_NULL' ? 'is-not-null' : 'is-null', column };
  }
  return 'A_Expr' in node ? comparison(node.A_Expr) : UNREAD;
}

const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  '<': '>',
  '<=': '>=',
  '=': '=',
  '<>': '<>',
  '>=': '<=',
  '>': '<',
};

function comparison({ kind, name, lexpr, rexpr }: A_Expr): Condition {
  const column = columnIn(lexpr);
  const operator = operatorIn(name);
  switch (kind) {
    // The parser makes a test for NULL of it.
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      if (column === null || constant(rexpr)?.kind !== 'null') return UNREAD;
      return { kind: kind === 'AEXPR_DISTINCT' ? 'is-not-null' : 'is-null', column };
    case 'AEXPR_OP': {
      if (operator === null) return UNREAD;
      if (column !== null) return compare(column, operator, rexpr);
      const right = columnIn(rexpr);
      return right === null ? UNREAD : compare(right, MIRRORED[operator], lexpr);
    }
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL': {
      const every = kind === 'AEXPR_OP_ALL' || (kind === 'AEXPR_IN' && operator === '<>');
      const items = elements(rexpr);
      // The planner looks into a list of no more than this: MAX_SAOP_ARRAY_SIZE in predtest.c.
      if (column === null || operator === null || items === null || items.length > 100) return UNREAD;
      return { kind: every ? 'and' : 'or', of: items.map((item) => compare(column, operator, item)) };
    }
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN': {
      const [low, high] = elements(rexpr) ?? [];
      if (column === null || low === undefined || high === undefined) return UNREAD;
      const between: Condition = { kind: 'and', of: [compare(column, '>=', low), compare(column, '<=', high)] };
      return kind === 'AEXPR_BETWEEN' ? between : negated(between);
    }
    default:
      return UNREAD;
  }
}

function compare(column: string, operator: Comparison, node: Node | undefined): Condition {
  const value = constant(node);
  // What is compared with NULL is never true.
  return value === null || value.kind === 'null' ? UNREAD : { kind: 'compare', column, operator, value };
}

function columnIn(node: Node | undefined): string | null {
  const column = bareColumn(node);
  return column === null || column.casts.length > 0 ? null : column.column;
}

function operatorIn(name: readonly Node[] | undefined): Comparison | null {
  const operator = strings(name).at(-1);
  if (operator === '!=') return '<>';
  return operator !== undefined && operator in MIRRORED ? (operator as Comparison) : null;
}

/** A constant as it is written; null for an expression. */
export function constant(node: Node | undefined): Constant | null {
  if (node === undefined) return null;
  if ('TypeCast' in node) {
    const inner = constant(node.TypeCast.arg);
    // Of several casts, each may change the value.
    return inner === null || inner.cast !== null ? null : { ...inner, cast: typeName(node.TypeCast.typeName) };
  }
  if (!('A_Const' in node)) return null;
  const { sval, ival, fval, boolval, isnull } = node.A_Const;
  if (isnull === true) return { kind: 'null', text: '', cast: null };
  if (sval !== undefined) return { kind: 'string', text: sval.sval ?? '', cast: null };
  if (ival !== undefined) return { kind: 'number', text: String(ival.ival ?? 0), cast: null };
  if (fval !== undefined) return { kind: 'number', text: fval.fval ?? '0', cast: null };
  return boolval === undefined ? null : { kind: 'boolean', text: String(boolval.boolval === true), cast: null };
}

/** Of a list, an ARRAY[…] or an array's simple literal. */
function elements(node: Node | undefined): readonly Node[] | null {
  if (node === undefined) return null;
  if ('List' in node) return node.List.items ?? [];
  if ('A_ArrayExpr' in node) return node.A_ArrayExpr.elements ?? [];
  const literal = constant(node);
  if (literal?.kind !== 'string' || !/^\{[\w,.-]+\}$/.test(literal.text)) {
    // pg_get_constraintdef writes (ARRAY['a'::text, …])::text[].
    return 'TypeCast' in node && literal === null ? elements(node.TypeCast.arg) : null;
  }
  const items = literal.text.slice(1, -1).split(',');
  return items.some((item) => item.toLowerCase() === 'null')
    ? null
    : items.map((item) => ({ A_Const: { sval: { sval: item } } }));
}
