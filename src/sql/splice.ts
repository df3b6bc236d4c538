import type { BatchStatement } from './batch-statement.ts';
import type { Node } from './libpg.ts';
import { parse } from './libpg.ts';
import { fingerprint } from './tree.ts';

/**
 * The statement with one more condition: WHERE a OR b becomes WHERE (a OR b) AND (condition). Parsed again, it must be the same
 * statement in everything else; it throws where it is not.
 */
export function spliceCondition(statement: BatchStatement, condition: string): string {
  const { text, where, whereAt } = statement;
  const spliced =
    where === null
      ? `${text.slice(0, whereAt)} WHERE (${condition})${text.slice(whereAt)}`
      : `${text.slice(0, where.start)}(${text.slice(where.start, where.end)}) AND (${condition})${text.slice(where.end)}`;
  verify(text, condition, spliced);
  return spliced;
}

/** The tree of what was meant, made from the trees of the parts, against the tree of what was written. */
function verify(text: string, condition: string, spliced: string): void {
  const expected = onlyStatement(text);
  const holder = whereHolder(expected);
  const added = whereHolder(onlyStatement(`SELECT WHERE (${condition})`)).whereClause;
  if (added === undefined) throw new Error(`not a condition: ${condition}`);
  holder.whereClause = holder.whereClause === undefined ? added : and(holder.whereClause, added);
  if (fingerprint(expected) !== fingerprint(onlyStatement(spliced))) {
    throw new Error(`the key range changed the meaning of the statement: ${spliced}`);
  }
}

/** As the grammar builds it: a chain of ANDs is one node. */
function and(left: Node, right: Node): Node {
  const args = 'BoolExpr' in left && left.BoolExpr.boolop === 'AND_EXPR' ? (left.BoolExpr.args ?? []) : [left];
  return { BoolExpr: { boolop: 'AND_EXPR', args: [...args, right] } };
}

function onlyStatement(sql: string): Node {
  const outcome = parse(sql);
  const node = outcome.ok && outcome.stmts.length === 1 ? outcome.stmts[0]?.stmt : undefined;
  if (node === undefined) throw new Error(`not one statement: ${sql}`);
  return node;
}

function whereHolder(node: Node): { whereClause?: Node } {
  if ('UpdateStmt' in node) return node.UpdateStmt;
  if ('DeleteStmt' in node) return node.DeleteStmt;
  if ('SelectStmt' in node) return node.SelectStmt;
  if ('InsertStmt' in node && node.InsertStmt.selectStmt !== undefined) return whereHolder(node.InsertStmt.selectStmt);
  throw new Error('a statement without WHERE');
}
