import type { Node, RangeVar, UpdateStmt } from './libpg.ts';
import { fingerprint, visit } from './tree.ts';

/** Whether the statement's own WHERE tells the rows that are still to do from those that are done. */
export type ProgressTest = { readonly kind: 'tells' } | { readonly kind: 'cannot-tell'; readonly reason: string };

export const READS_ITSELF = 'it reads the table that it changes';

/**
 * Whether an UPDATE's WHERE tells the rows that are still to do: it looks at a column that is set, and setting it again changes
 * nothing. `SET a = f(b) WHERE a IS NULL` and `SET a = lower(a) WHERE a <> lower(a)` do, `SET n = n + 1 WHERE active` does not.
 */
export function updateProgress(statement: UpdateStmt, relation: RangeVar, readsItself: boolean): ProgressTest {
  const { whereClause, targetList = [] } = statement;
  if (whereClause === undefined) return cannotTell('the statement has no WHERE');
  const assigned = new Set<string>();
  for (const item of targetList)
    if ('ResTarget' in item && item.ResTarget.name !== undefined) assigned.add(item.ResTarget.name);

  if (
    !columnsOf(whereClause, relation, { subqueries: false }).some((column) => assigned.has(column) || column === ANY)
  ) {
    return cannotTell('its WHERE does not look at a column that it sets');
  }
  if (readsItself) return cannotTell(READS_ITSELF);
  if (targetList.some((item) => movesOn(whereClause, relation, item))) return { kind: 'tells' };
  for (const item of targetList) {
    if (!('ResTarget' in item)) continue;
    const { name = '', val } = item.ResTarget;
    const fromOld = columnsOf(val, relation, { subqueries: true }).some(
      (column) => assigned.has(column) || column === ANY,
    );
    if (fromOld && !comparesWithNew(whereClause, relation, name, val))
      return cannotTell('the new value is made from the old one');
  }
  return { kind: 'tells' };
}

const ANY = '*';

/** The relation's columns that an expression reads; a name that could be another table's counts too. */
function columnsOf(node: unknown, relation: RangeVar, { subqueries }: { subqueries: boolean }): string[] {
  const own = relation.alias?.aliasname ?? relation.relname;
  const columns: string[] = [];
  const enter = (name: string, value: unknown): void => {
    if (name !== 'ColumnRef') return;
    const fields = ((value as { fields?: Node[] }).fields ?? []).map((field) =>
      'String' in field ? (field.String.sval ?? '') : ANY,
    );
    const column = fields.at(-1) ?? ANY;
    if (fields.length > 1 && fields.at(-2) !== own) return;
    columns.push(fields.length === 1 && column === own ? ANY : column);
  };
  visit(node, enter, subqueries ? undefined : 'SubLink');
  return columns;
}

/** `column <> value` or `column IS DISTINCT FROM value` as the WHERE or a part of it joined by AND, with the value that SET gives. */
function comparesWithNew(where: Node, relation: RangeVar, column: string, value: Node | undefined): boolean {
  if ('BoolExpr' in where && where.BoolExpr.boolop === 'AND_EXPR') {
    return (where.BoolExpr.args ?? []).some((part) => comparesWithNew(part, relation, column, value));
  }
  if (!('A_Expr' in where)) return false;
  const { kind, name, lexpr, rexpr } = where.A_Expr;
  const operator = (name ?? []).flatMap((part) => ('String' in part ? (part.String.sval ?? []) : [])).at(-1);
  if (kind !== 'AEXPR_DISTINCT' && !(kind === 'AEXPR_OP' && operator === '<>')) return false;
  return [
    [lexpr, rexpr],
    [rexpr, lexpr],
  ].some(([left, right]) => isColumn(left, relation, column) && fingerprint(right) === fingerprint(value));
}

/** Numbers of which the sum is exact in every type of number. */
const EXACT = 1_000_000;

/** `SET n = n + 1 WHERE n = 0`, also as a part of it joined by AND: what is no longer 0 does not match again. */
function movesOn(where: Node, relation: RangeVar, item: Node): boolean {
  if (!('ResTarget' in item)) return false;
  const { name = '', val } = item.ResTarget;
  if (val === undefined || !('A_Expr' in val) || item.ResTarget.indirection !== undefined) return false;
  const step = val.A_Expr;
  const isStep = step.kind === 'AEXPR_OP' && (isOperator(step.name, '+') || isOperator(step.name, '-'));
  const by = numberOf(step.rexpr);
  if (!isStep || by === null || by === 0 || !isColumn(step.lexpr, relation, name)) return false;
  return equalsNumber(where, relation, name);
}

function equalsNumber(where: Node, relation: RangeVar, column: string): boolean {
  if ('BoolExpr' in where && where.BoolExpr.boolop === 'AND_EXPR')
    return (where.BoolExpr.args ?? []).some((part) => equalsNumber(part, relation, column));
  if (!('A_Expr' in where)) return false;
  const { kind, name, lexpr, rexpr } = where.A_Expr;
  return kind === 'AEXPR_OP' && isOperator(name, '=') && isColumn(lexpr, relation, column) && numberOf(rexpr) !== null;
}

function isOperator(name: readonly Node[] | undefined, operator: string): boolean {
  const [only, ...more] = name ?? [];
  return only !== undefined && more.length === 0 && 'String' in only && only.String.sval === operator;
}

function numberOf(node: Node | undefined): number | null {
  if (node === undefined || !('A_Const' in node) || !('ival' in node.A_Const)) return null;
  const value = node.A_Const.ival?.ival ?? 0;
  return Math.abs(value) <= EXACT ? value : null;
}

export function isColumn(node: Node | undefined, relation: RangeVar, column: string): boolean {
  return node !== undefined && 'ColumnRef' in node && columnsOf(node, relation, { subqueries: false }).includes(column);
}

function cannotTell(reason: string): ProgressTest {
  return { kind: 'cannot-tell', reason };
}
