import type { IndexElem, Node } from '../libpg.ts';
import { strings } from './name.ts';

/**
 * What PostgreSQL calls the columns of an index, of which it makes the name of an index without one: ChooseIndexColumnNames in indexcmds.c
 * and FigureIndexColname in parse_target.c.
 */
export function indexNameParts(elements: readonly IndexElem[]): string[] {
  const taken = new Set<string>();
  for (const { name, expr } of elements) {
    const part = name ?? figure(expr)?.name ?? 'expr';
    let free = part;
    for (let number = 1; taken.has(free); number += 1) free = `${part}${number}`;
    taken.add(free);
  }
  return [...taken];
}

/** A weak name is the type of a cast or `case`, and gives way to what it is about. */
interface Figured {
  readonly name: string;
  readonly weak: boolean;
}

function figure(node: Node | undefined): Figured | null {
  if (node === undefined) return null;
  if ('ColumnRef' in node) return strong(strings(node.ColumnRef.fields).at(-1));
  if ('FuncCall' in node) return strong(strings(node.FuncCall.funcname).at(-1));
  if ('A_Indirection' in node) {
    const field = strings(node.A_Indirection.indirection).findLast((name) => name !== '');
    return field === undefined ? figure(node.A_Indirection.arg) : strong(field);
  }
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    const inner = figure(arg);
    return inner?.weak === false ? inner : { name: strings(typeName?.names).at(-1) ?? '', weak: true };
  }
  if ('CaseExpr' in node) {
    const inner = figure(node.CaseExpr.defresult);
    return inner?.weak === false ? inner : { name: 'case', weak: true };
  }
  if ('CollateClause' in node) return figure(node.CollateClause.arg);
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
  if ('MinMaxExpr' in node) return strong(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('A_ArrayExpr' in node) return strong('array');
  if ('RowExpr' in node) return strong('row');
  if ('CoalesceExpr' in node) return strong('coalesce');
  return null;
}

function strong(name: string | undefined): Figured | null {
  return name === undefined || name === '' ? null : { name, weak: false };
}
