import type { Node } from '../libpg.ts';
import type { Name } from '../action.ts';
import { relationName, strings } from './name.ts';
import { walk } from './walk.ts';

/** Relations whose rows come in one by one: of all that are read, those of FROM, USING and WITH, not those that a condition looks into. */
export function sourcesIn(root: unknown, reads: readonly Name[]): Name[] {
  if (reads.length === 0) return [];
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
  const relations = new Set(reads.map(keyOf));
  return [...found].flatMap(([key, name]) => (relations.has(key) ? [name] : []));
}

function keyOf({ schema, name }: Name): string {
  return `${schema ?? ''}.${name}`;
}

/**
 * Columns that a condition sets equal to constants: `a = 1 AND b IN (2, 3) AND c > 4` gives `a` and `b`. What a subquery finds by
 * constants, and a column of VALUES in `from`, is as good as a constant.
 */
export function pinnedColumns(where: Node | undefined, from: readonly Node[] = []): string[] {
  return pinned(where, namesOfValues(from));
}

function pinned(where: Node | undefined, values: ReadonlySet<string>): string[] {
  if (where === undefined) return [];
  if ('BoolExpr' in where) {
    const [first = [], ...others] = (where.BoolExpr.args ?? []).map((part) => pinned(part, values));
    if (where.BoolExpr.boolop === 'AND_EXPR') return [first, ...others].flat();
    return where.BoolExpr.boolop === 'OR_EXPR'
      ? first.filter((column) => others.every((other) => other.includes(column)))
      : [];
  }
  if (!('A_Expr' in where)) return [];
  const { kind, name, lexpr, rexpr } = where.A_Expr;
  const isEquality = kind === 'AEXPR_OP' || kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY';
  if (!isEquality || strings(name).at(-1) !== '=') return [];
  if (isConstant(rexpr, values)) return columnsOf(lexpr);
  return isConstant(lexpr, values) && kind === 'AEXPR_OP' ? columnsOf(rexpr) : [];
}

/** The names that FROM gives to lists of VALUES. */
function namesOfValues(from: readonly Node[]): ReadonlySet<string> {
  return new Set(
    from.flatMap((item) => {
      const { subquery, alias } = 'RangeSubselect' in item ? item.RangeSubselect : {};
      const isValues =
        subquery !== undefined && 'SelectStmt' in subquery && subquery.SelectStmt.valuesLists !== undefined;
      return isValues ? (alias?.aliasname ?? []) : [];
    }),
  );
}

function columnsOf(node: Node | undefined): string[] {
  const column = node !== undefined && 'ColumnRef' in node ? strings(node.ColumnRef.fields).at(-1) : undefined;
  return column === undefined ? [] : [column];
}

/** Nothing in it comes from a row of the table. */
function isConstant(node: Node | undefined, values: ReadonlySet<string>): boolean {
  let constant = node !== undefined;
  walk(node, (type, inner) => {
    if ('SubLink' in inner && inner.SubLink.subLinkType === 'EXPR_SUBLINK') {
      constant &&= isOnItsOwn(inner.SubLink.subselect);
      return false;
    }
    if ('ColumnRef' in inner) {
      const [table, column] = strings(inner.ColumnRef.fields);
      constant &&= column !== undefined && table !== undefined && values.has(table);
    } else if (type === 'SubLink') constant = false;
    return true;
  });
  return constant;
}

/** Whether a subquery looks for rows by constants, and names, before the dot, only what stands in a FROM of its own. */
function isOnItsOwn(subquery: Node | undefined): boolean {
  const where = subquery !== undefined && 'SelectStmt' in subquery ? subquery.SelectStmt.whereClause : undefined;
  if (pinnedColumns(where).length === 0) return false;
  const own = new Set<string>();
  const named: string[] = [];
  walk(subquery, (_type, inner) => {
    if ('RangeVar' in inner) own.add(inner.RangeVar.alias?.aliasname ?? inner.RangeVar.relname ?? '');
    if ('RangeSubselect' in inner) own.add(inner.RangeSubselect.alias?.aliasname ?? '');
    if ('ColumnRef' in inner) named.push(...strings(inner.ColumnRef.fields).slice(0, -1).slice(-1));
  });
  return named.every((name) => own.has(name));
}
