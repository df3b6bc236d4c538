import type { DeleteStmt, Node, RangeVar, SelectStmt, UpdateStmt, WithClause } from './libpg.ts';
import type { SelfRead } from './self-read.ts';
import { visit } from './tree.ts';

/** Why a statement cannot be run in batches. */
export interface Refusal {
  readonly kind: 'refused';
  /** Goes on from "The statement …". */
  readonly reason: string;
  readonly advice: string;
}

export function refused(reason: string, advice: string): Refusal {
  return { kind: 'refused', reason, advice };
}

/** What UPDATE and DELETE have in common that cannot be done in batches. */
export function changeObstacle(
  statement: UpdateStmt | DeleteStmt,
  relation: RangeVar,
  read: SelfRead | null,
): Refusal | null {
  if (statement.whereClause !== undefined && 'CurrentOfExpr' in statement.whereClause) {
    return refused(
      'has WHERE CURRENT OF',
      'A cursor exists in one session only; say by its columns which rows are meant.',
    );
  }
  return (
    returning(statement.returningClause) ?? writtenInWith(statement.withClause) ?? selfReadObstacle(read, relation)
  );
}

export function returning(clause: unknown): Refusal | null {
  return clause === undefined ? null : refused('has RETURNING', 'Nobody would read what a batch returns; take it out.');
}

export function writtenInWith(clause: WithClause | undefined): Refusal | null {
  const writes = queriesOf(clause).some((query) => query !== undefined && !('SelectStmt' in query));
  return writes
    ? refused(
        'changes rows in its WITH clause too',
        'That part would run again with every batch; make it a backfill of its own.',
      )
    : null;
}

/** Rows that the statement reads of its own table all at once: a batch would find them changed by those before it. */
export function selfReadObstacle(read: SelfRead | null, relation: RangeVar): Refusal | null {
  if (read === null || read.whole === null) return null;
  const table = relation.relname ?? '';
  return read.whole === 'LIMIT or OFFSET'
    ? refused(
        `limits its rows itself, by a subquery on ${table} with LIMIT or OFFSET`,
        'Take the LIMIT out and say in WHERE which rows are meant; the batches are made for you.',
      )
    : refused(
        `reads ${table}, which it changes, by a subquery with ${read.whole}`,
        'Each batch would find it changed by those before it; put the result into a table of its own first, and read that.',
      );
}

export function selectObstacle(select: SelectStmt): Refusal | null {
  const whole = (what: string): Refusal =>
    refused(
      `has ${what}`,
      'Its result needs all rows at once, and a batch sees only some; write a SELECT that handles each row alone.',
    );
  if (select.op !== 'SETOP_NONE') return refused('joins several SELECTs', 'Make a backfill of each of them.');
  if (select.groupClause?.some((item) => 'GroupingSet' in item) === true) return whole('several GROUPINGs');
  if (select.havingClause !== undefined && select.groupClause === undefined) return whole('HAVING without GROUP BY');
  if (select.windowClause !== undefined || hasWindowFunction(select.targetList)) return whole('a window function');
  if (select.limitCount !== undefined || select.limitOffset !== undefined) return whole('LIMIT or OFFSET');
  return writtenInWith(select.withClause);
}

/** The first table of FROM, each of whose rows gives its result rows by itself. */
export function firstTable(item: Node | undefined): RangeVar | Refusal {
  const advice = 'Name the table whose keys can be walked first in FROM, joined by JOIN or LEFT JOIN.';
  if (item === undefined)
    return refused('has a SELECT without FROM', 'There is nothing to walk through; put it into a migration.');
  if ('RangeVar' in item) {
    const { alias } = item.RangeVar;
    return alias?.colnames === undefined ? item.RangeVar : refused('renames the columns of its first table', advice);
  }
  if (!('JoinExpr' in item)) return refused('does not read a table first', advice);
  const { jointype, alias, larg } = item.JoinExpr;
  if (alias !== undefined) return refused('gives a join a name of its own', advice);
  if (jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL') return refused('starts with a RIGHT or FULL JOIN', advice);
  return firstTable(larg);
}

function hasWindowFunction(targets: readonly Node[] | undefined): boolean {
  let found = false;
  const enter = (name: string): void => {
    if (name === 'over') found = true;
  };
  visit(targets, enter, 'SubLink');
  return found;
}

const ctesOf = (clause: WithClause | undefined) =>
  (clause?.ctes ?? []).flatMap((item) => ('CommonTableExpr' in item ? [item.CommonTableExpr] : []));
const queriesOf = (clause: WithClause | undefined) => ctesOf(clause).map((cte) => cte.ctequery);
export const namesOf = (clause: WithClause | undefined) => ctesOf(clause).map((cte) => cte.ctename ?? '');
