import type { AlterSeqStmt, CreateSeqStmt, Node } from '../libpg.ts';
import type { Action, ColumnName } from '../action.ts';
import { listName, relationName, strings } from './name.ts';

export function createSequence({ sequence, if_not_exists, options }: CreateSeqStmt): Action {
  return {
    kind: 'create-sequence',
    name: relationName(sequence),
    ifNotExists: if_not_exists === true,
    ownedBy: ownedBy(options),
  };
}

export function alterSequence({ sequence, missing_ok, options }: AlterSeqStmt): Action {
  return {
    kind: 'alter-sequence',
    name: relationName(sequence),
    ifExists: missing_ok === true,
    ownedBy: ownedBy(options),
  };
}

function ownedBy(options: readonly Node[] | undefined): ColumnName | null {
  const option = (options ?? []).find((item) => 'DefElem' in item && item.DefElem.defname === 'owned_by');
  const arg = option !== undefined && 'DefElem' in option ? option.DefElem.arg : undefined;
  const parts = arg !== undefined && 'List' in arg ? (arg.List.items ?? []) : [];
  // OWNED BY NONE is a list of one; a column has its table in front.
  return parts.length < 2 ? null : { table: listName(parts.slice(0, -1)), column: strings(parts).at(-1) ?? '' };
}
