import type { Name } from './action.ts';
import { calledFunctions } from './called-functions.ts';
import type { RangeVar, SelectStmt } from './libpg.ts';
import { visit } from './tree.ts';

/** How a statement reads the table that it changes: batch after batch, it would see what the batches before have done. */
export interface SelfRead {
  /** What needs all rows of the table at once: `LIMIT`; null where each row is looked at alone. */
  readonly whole: string | null;
  /** Functions in the subqueries that read it; the server knows which of them are aggregates. */
  readonly functions: readonly Name[];
}

/** Looks at parts of a statement, all but the table that it changes; null where none of them reads that. */
export function selfRead(parts: readonly unknown[], relation: RangeVar): SelfRead | null {
  const reads = readerOf(parts, relation);
  if (!reads(parts)) return null;
  let whole: string | null = null;
  const functions: Name[] = [];
  visit(parts, (name, value) => {
    if (name === 'SubLink' && (value as { subLinkType?: string }).subLinkType === 'ALL_SUBLINK' && reads(value)) {
      whole ??= 'ALL';
    }
    if (!isSelect(name, value) || !reads(value)) return;
    whole ??= wholeOf(value);
    functions.push(...calledFunctions(own(value), 'SubLink'));
  });
  return { whole, functions };
}

/** Whether a part reads the table, by its name or by a WITH query that does. */
function readerOf(parts: readonly unknown[], relation: RangeVar): (node: unknown) => boolean {
  const queries = new Set<string>();
  const reads = (node: unknown): boolean => {
    let found = false;
    visit(node, (name, value) => {
      if (name !== 'RangeVar') return;
      const read = value as RangeVar;
      const byQuery = read.schemaname === undefined && queries.has(read.relname ?? '');
      if (byQuery || mayBeSame(read, relation)) found = true;
    });
    return found;
  };
  // A WITH query may read one that is written before it, or with RECURSIVE after it.
  for (let known = -1; known < queries.size;) {
    known = queries.size;
    visit(parts, (name, value) => {
      if (name !== 'CommonTableExpr') return;
      const { ctename = '', ctequery } = value as { ctename?: string; ctequery?: unknown };
      if (reads(ctequery)) queries.add(ctename);
    });
  }
  return reads;
}

/** The branches of a UNION have no node name of their own. */
function isSelect(name: string, value: unknown): value is SelectStmt {
  if (typeof value !== 'object' || value === null) return false;
  return name === 'SelectStmt' || ((name === 'larg' || name === 'rarg') && 'limitOption' in value);
}

function wholeOf(select: SelectStmt): string | null {
  if (select.limitCount !== undefined || select.limitOffset !== undefined) return 'LIMIT or OFFSET';
  if (select.distinctClause !== undefined) return 'DISTINCT';
  if (select.groupClause !== undefined) return 'GROUP BY';
  if (select.havingClause !== undefined) return 'HAVING';
  let found: string | null = null;
  const enter = (name: string, value: unknown): void => {
    if (name === 'over') found = 'a window function';
    if (name === 'JsonArrayAgg' || name === 'JsonObjectAgg') found = 'an aggregate';
    if (name === 'agg_star' && value === true) found = 'an aggregate';
  };
  visit(own(select), enter, 'SubLink');
  return found;
}

/** Where aggregates and window functions of the SELECT itself can stand. */
function own({ targetList, sortClause }: SelectStmt): unknown[] {
  return [targetList, sortClause];
}

/** Without a schema, only the server knows; then the name decides. */
export function mayBeSame(a: RangeVar, b: RangeVar): boolean {
  const schemasDiffer = a.schemaname !== undefined && b.schemaname !== undefined && a.schemaname !== b.schemaname;
  return a.relname === b.relname && !schemasDiffer;
}
