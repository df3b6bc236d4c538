import type { Name } from './action.ts';
import type { BatchStatement } from './batch-statement.ts';
import { calledFunctions } from './called-functions.ts';
import type { Node, RangeVar, UpdateStmt } from './libpg.ts';
import { isColumn } from './progress-test.ts';
import { visit } from './tree.ts';

/** A column and what its new value is made by. */
export interface ChangingValue {
  readonly column: string;
  readonly functions: readonly Name[];
  /** The clock, or a DEFAULT that only the server knows: another value every time. */
  readonly always: boolean;
  /** Whether only rows are changed in which it is NULL. */
  readonly whereNull: boolean;
}

/** The columns that an UPDATE sets to something which may be another value next time. The server knows which functions do that. */
export function changingValues(statement: UpdateStmt, relation: RangeVar): ChangingValue[] {
  const { whereClause, targetList = [], fromClause, withClause } = statement;
  return targetList.flatMap((item) => {
    if (!('ResTarget' in item)) return [];
    const { name: column = '', val } = item.ResTarget;
    const made = [val, fromClause, withClause];
    return {
      column,
      functions: calledFunctions(made),
      always: ALWAYS_NEW.some((node) => contains(made, node)),
      whereNull: whereClause !== undefined && requiresNull(whereClause, relation, column),
    };
  });
}

/** The statement, with what the server says of its functions: where a new value is another one every time, only IS NULL tells that it was set. */
export function withServerFunctions(statement: BatchStatement, isChanging: (name: Name) => boolean): BatchStatement {
  const { assignments, changing, progress } = statement;
  const news = changing.map(({ always, functions }) => always || functions.some(isChanging));
  if (!news.includes(true)) return statement;
  const told = progress.kind === 'cannot-tell' || changing.some(({ whereNull }) => whereNull);
  return {
    ...statement,
    progress: told ? progress : { kind: 'cannot-tell', reason: 'the new value is another one every time' },
    // It would differ from the stored one for ever, also in rows whose other columns have what they are to have.
    assignments: assignments?.filter((_, index) => news[index] !== true || changing[index]?.whereNull === true) ?? null,
  };
}

const ALWAYS_NEW: readonly string[] = ['SQLValueFunction', 'SetToDefault'];

function contains(node: unknown, wanted: string): boolean {
  let found = false;
  visit(node, (name) => {
    if (name === wanted) found = true;
  });
  return found;
}

/** `column IS NULL` as the WHERE or a part of it joined by AND. */
function requiresNull(where: Node, relation: RangeVar, column: string): boolean {
  if ('BoolExpr' in where && where.BoolExpr.boolop === 'AND_EXPR') {
    return (where.BoolExpr.args ?? []).some((part) => requiresNull(part, relation, column));
  }
  return (
    'NullTest' in where && where.NullTest.nulltesttype === 'IS_NULL' && isColumn(where.NullTest.arg, relation, column)
  );
}
