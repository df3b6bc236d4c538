import { evaluate, type Value, type Variables } from './computed-text.ts';
import type { Node, RangeFunction, RangeSubselect, SelectStmt } from './libpg.ts';
import { strings } from './lower/name.ts';

/** A row by column. */
export type Row = ReadonlyMap<string, Value>;

/** The rows of a query that reads no table: VALUES, or a SELECT of one column from it or from unnest(); null where they are not known. */
export function rowsOf(query: Node, variables: Variables): Row[] | null {
  return 'SelectStmt' in query ? rows(query.SelectStmt, variables) : null;
}

function rows(select: SelectStmt, variables: Variables): Row[] | null {
  const { valuesLists, targetList = [], fromClause = [], whereClause, op } = select;
  if (valuesLists !== undefined) return values(valuesLists, [], variables);
  if (whereClause !== undefined || (op !== undefined && op !== 'SETOP_NONE')) return null;
  const targets = targetList.flatMap((target) => ('ResTarget' in target ? [target.ResTarget] : []));
  const [from] = fromClause;
  if (from === undefined) {
    const [only] = targets;
    const items = targets.length === 1 ? unnested(only?.val, variables) : null;
    return items?.map((item) => new Map([[only?.name ?? 'unnest', item]])) ?? null;
  }
  const source = fromClause.length === 1 ? sourceRows(from, variables) : null;
  if (source === null) return null;
  return source.map((row) => {
    const selected = targets.flatMap(({ name, val }): [string, Value][] => {
      if (val === undefined || !('ColumnRef' in val)) return [[name ?? '', evaluate(val, variables)]];
      const field = val.ColumnRef.fields?.at(-1);
      if (field !== undefined && 'A_Star' in field) return [...row];
      const column = strings(val.ColumnRef.fields).at(-1) ?? '';
      return [[name ?? column, row.get(column) ?? evaluate(val, variables)]];
    });
    return new Map(selected);
  });
}

function sourceRows(from: Node, variables: Variables): Row[] | null {
  if ('RangeFunction' in from) return functionRows(from.RangeFunction, variables);
  return 'RangeSubselect' in from ? subselectRows(from.RangeSubselect, variables) : null;
}

function functionRows({ functions = [], alias }: RangeFunction, variables: Variables): Row[] | null {
  const [wrapped] = functions;
  const called = wrapped !== undefined && 'List' in wrapped ? wrapped.List.items?.[0] : undefined;
  const column = strings(alias?.colnames)[0] ?? alias?.aliasname ?? 'unnest';
  return unnested(called, variables)?.map((item) => new Map([[column, item]])) ?? null;
}

function subselectRows({ subquery, alias }: RangeSubselect, variables: Variables): Row[] | null {
  if (subquery === undefined || !('SelectStmt' in subquery)) return null;
  const { valuesLists } = subquery.SelectStmt;
  if (valuesLists === undefined) return rows(subquery.SelectStmt, variables);
  return values(valuesLists, strings(alias?.colnames), variables);
}

function values(lists: readonly Node[], columns: readonly string[], variables: Variables): Row[] {
  return lists.map((row) => {
    const items = 'List' in row ? (row.List.items ?? []) : [];
    return new Map(items.map((item, at) => [columns[at] ?? `column${at + 1}`, evaluate(item, variables)]));
  });
}

function unnested(called: Node | undefined, variables: Variables): readonly Value[] | null {
  if (called === undefined || !('FuncCall' in called)) return null;
  const { funcname, args = [] } = called.FuncCall;
  if (strings(funcname).at(-1) !== 'unnest' || args.length !== 1) return null;
  const value = evaluate(args[0], variables);
  return value.kind === 'array' ? value.items : null;
}
