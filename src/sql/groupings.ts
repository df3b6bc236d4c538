import type { Node, RangeVar, SelectStmt } from './libpg.ts';

/** What a SELECT makes one row of several by, as far as it is columns of the walked table. */
export interface Grouping {
  readonly clause: 'DISTINCT' | 'GROUP BY';
  readonly columns: readonly string[];
}

/** A column that goes without its table counts as the walked one's: where several tables have it, the server refuses the statement. */
export function readGroupings(select: SelectStmt, walked: RangeVar): Grouping[] {
  const { groupClause, distinctClause, targetList = [] } = select;
  const own = walked.alias?.aliasname ?? walked.relname;
  const groupings: Grouping[] = [];
  if (groupClause !== undefined) {
    groupings.push({
      clause: 'GROUP BY',
      columns: groupClause.flatMap((item) => columnOf(numbered(item, targetList), own) ?? []),
    });
  }
  if (distinctClause !== undefined) {
    // Plain DISTINCT is a list with an empty node.
    const on = distinctClause.filter((item) => Object.keys(item).length > 0);
    const renamed = new Set(targetList.flatMap((item) => ('ResTarget' in item ? (item.ResTarget.name ?? []) : [])));
    groupings.push({
      clause: 'DISTINCT',
      columns:
        on.length === 0
          ? targetList.flatMap((item) => ('ResTarget' in item ? (columnOf(item.ResTarget.val, own) ?? []) : []))
          : on.flatMap((item) => {
              const column = columnOf(numbered(item, targetList), own);
              // There, a name is first of all one of the result's.
              return column === null || renamed.has(column) ? [] : column;
            }),
    });
  }
  return groupings;
}

/** `GROUP BY 1` is the first of the result's columns. */
function numbered(item: Node, targetList: readonly Node[]): Node | undefined {
  if (!('A_Const' in item) || item.A_Const.ival === undefined) return item;
  const target = targetList[(item.A_Const.ival.ival ?? 0) - 1];
  return target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
}

function columnOf(node: Node | undefined, own: string | undefined): string | null {
  if (node === undefined || !('ColumnRef' in node)) return null;
  const fields = (node.ColumnRef.fields ?? []).map((field) => ('String' in field ? field.String.sval : undefined));
  const table = fields.at(-2);
  return table === undefined || table === own ? (fields.at(-1) ?? null) : null;
}
