import type { A_Const, TransactionStmt, VariableSetStmt } from '../libpg.ts';
import type { Action } from '../action.ts';

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

export function transaction({ kind }: TransactionStmt): Action {
  return { kind: 'transaction', command: TRANSACTION_COMMANDS[kind ?? 'TRANS_STMT_BEGIN'] };
}

export function set({ kind, name = 'all', args = [], is_local }: VariableSetStmt): Action {
  const values = args.map((arg) => ('A_Const' in arg ? constantText(arg.A_Const) : ''));
  return { kind: 'set', name, value: kind === 'VAR_SET_VALUE' ? values.join(', ') : null, local: is_local === true };
}

function constantText({ sval, ival, fval, boolval }: A_Const): string {
  if (sval !== undefined) return sval.sval ?? '';
  if (fval !== undefined) return fval.fval ?? '';
  if (boolval !== undefined) return boolval.boolval === true ? 'true' : 'false';
  return String(ival?.ival ?? 0);
}
