import type { A_Const, DiscardStmt, Node, SelectStmt, TransactionStmt, VariableSetStmt } from '../libpg.ts';
import type { Action, ActionOf } from '../action.ts';
import { listName } from './name.ts';

const TRANSACTION_COMMANDS = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
  TRANS_STMT_COMMIT_PREPARED: 'other',
  TRANS_STMT_ROLLBACK_PREPARED: 'other',
} as const;

export function transaction({ kind, savepoint_name, chain }: TransactionStmt): Action {
  return {
    kind: 'transaction',
    command: TRANSACTION_COMMANDS[kind ?? 'TRANS_STMT_BEGIN'],
    savepoint: savepoint_name ?? null,
    chain: chain === true,
  };
}

export function set({ kind, name = 'all', args = [], is_local }: VariableSetStmt): Action {
  // SET TRANSACTION and SET SESSION CHARACTERISTICS come in many small parts, none of which concerns a relation.
  if (kind === 'VAR_SET_MULTI') return { kind: 'no-relation' };
  const values = args.map((arg) => ('A_Const' in arg ? constantText(arg.A_Const) : ''));
  const value = LISTS.has(name) ? values.map(quoted).join(', ') : values.join(', ');
  return { kind: 'set', name, value: kind === 'VAR_SET_VALUE' ? value : null, local: is_local === true };
}

/** Settings whose value is a list of identifiers (GUC_LIST_QUOTE), of which migrations set one. */
const LISTS: ReadonlySet<string> = new Set(['search_path']);

function quoted(identifier: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}

/** SELECT set_config('name', 'value', is_local), as in the first lines of a dump; null for any other query. */
export function setConfig({ targetList = [], fromClause, whereClause }: SelectStmt): ActionOf<'set'> | null {
  const [item] = targetList;
  if (item === undefined || targetList.length > 1 || fromClause !== undefined || whereClause !== undefined) return null;
  const call = 'ResTarget' in item ? item.ResTarget.val : undefined;
  if (call === undefined || !('FuncCall' in call)) return null;
  const { schema, name } = listName(call.FuncCall.funcname);
  if (name !== 'set_config' || (schema !== null && schema !== 'pg_catalog')) return null;
  const [setting, value, local] = (call.FuncCall.args ?? []).map(constant);
  if (setting === undefined || setting === null || value === undefined || local === undefined) return null;
  return { kind: 'set', name: setting.toLowerCase(), value, local: local === 'true' };
}

/** Null for NULL; undefined for what is no constant. */
function constant(node: Node): string | null | undefined {
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) return constant(node.TypeCast.arg);
  if (!('A_Const' in node)) return undefined;
  return node.A_Const.isnull === true ? null : constantText(node.A_Const);
}

export function discard({ target }: DiscardStmt): Action {
  const what = target === 'DISCARD_ALL' ? 'all' : target === 'DISCARD_TEMP' ? 'temporary-tables' : 'other';
  return { kind: 'discard', what };
}

function constantText({ sval, ival, fval, boolval }: A_Const): string {
  if (sval !== undefined) return sval.sval ?? '';
  if (fval !== undefined) return fval.fval ?? '';
  if (boolval !== undefined) return boolval.boolval === true ? 'true' : 'false';
  return String(ival?.ival ?? 0);
}
