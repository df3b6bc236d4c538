import type { CopyStmt, DeleteStmt, InsertStmt, MergeStmt, Node, SelectStmt, UpdateStmt } from '../libpg.ts';
import type { Action, Name } from '../action.ts';
import { functionsIn, relationsIn } from './expression.ts';
import { relationName } from './name.ts';
import { pinnedColumns, sourcesIn } from './reach.ts';
import { persistence } from './table.ts';
import { walk } from './walk.ts';

export function select(node: SelectStmt, whole: Node): Action {
  const into = node.intoClause?.rel;
  if (into !== undefined) {
    return {
      kind: 'create-table-as',
      name: relationName(into),
      ifNotExists: false,
      relationKind: 'table',
      persistence: persistence(into.relpersistence),
      reads: relationsIn(whole),
    };
  }
  const writes = writesIn(node.withClause);
  const [first] = writes;
  if (first !== undefined) {
    return {
      ...DML,
      command: first.command,
      table: first.table,
      reads: relationsIn(whole),
      writes: writes.map(({ table }) => table),
      hasWhere: true,
      sources: sourcesIn(whole),
      functions: functionsIn(whole),
    };
  }
  return { kind: 'select', reads: relationsIn(whole), locksRows: locksRows(whole), functions: functionsIn(whole) };
}

const DML = {
  kind: 'dml',
  alias: null,
  assigns: [],
  writes: [],
  hasWhere: false,
  values: false,
  sources: [],
  pinned: [],
} as const;

type DmlStmt =
  | { readonly command: 'insert'; readonly node: InsertStmt }
  | { readonly command: 'update'; readonly node: UpdateStmt }
  | { readonly command: 'delete'; readonly node: DeleteStmt }
  | { readonly command: 'merge'; readonly node: MergeStmt };

export function dml({ command, node }: DmlStmt): Action {
  const query = command === 'insert' ? node.selectStmt : undefined;
  return {
    kind: 'dml',
    command,
    table: relationName(node.relation),
    alias: node.relation?.alias?.aliasname ?? null,
    assigns: command === 'update' ? targets(node.targetList) : command === 'insert' ? targets(node.cols) : [],
    reads: relationsIn(node),
    writes: writesIn(node.withClause).map(({ table }) => table),
    hasWhere: (command === 'update' || command === 'delete') && node.whereClause !== undefined,
    values: query !== undefined && 'SelectStmt' in query && query.SelectStmt.valuesLists !== undefined,
    sources: sourcesIn({ ...node, relation: undefined }),
    pinned: command === 'update' || command === 'delete' ? pinnedColumns(node.whereClause) : [],
    functions: functionsIn(node),
  };
}

export function copy(node: CopyStmt): Action {
  if (node.is_from === true)
    return { ...DML, command: 'copy-from', table: relationName(node.relation), reads: [], values: true, functions: [] };
  const reads = node.relation === undefined ? relationsIn(node.query) : [relationName(node.relation)];
  return { kind: 'select', reads, locksRows: false, functions: functionsIn(node.query) };
}

function targets(list: readonly Node[] | undefined): string[] {
  return (list ?? []).flatMap((item) =>
    'ResTarget' in item && item.ResTarget.name !== undefined ? [item.ResTarget.name] : [],
  );
}

/** Relations that data-modifying WITH queries write. */
function writesIn(root: unknown): { command: 'insert' | 'update' | 'delete' | 'merge'; table: Name }[] {
  const writes: { command: 'insert' | 'update' | 'delete' | 'merge'; table: Name }[] = [];
  walk(root, (_type, node) => {
    if ('InsertStmt' in node) writes.push({ command: 'insert', table: relationName(node.InsertStmt.relation) });
    if ('UpdateStmt' in node) writes.push({ command: 'update', table: relationName(node.UpdateStmt.relation) });
    if ('DeleteStmt' in node) writes.push({ command: 'delete', table: relationName(node.DeleteStmt.relation) });
    if ('MergeStmt' in node) writes.push({ command: 'merge', table: relationName(node.MergeStmt.relation) });
  });
  return writes;
}

/** FOR UPDATE and its kin take RowShareLock on what they name. */
function locksRows(root: Node): boolean {
  let found = false;
  walk(root, (type) => {
    if (type === 'LockingClause') found = true;
  });
  return found;
}
