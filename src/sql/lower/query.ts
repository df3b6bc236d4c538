import type {
  CopyStmt,
  CreateTableAsStmt,
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  Node,
  SelectStmt,
  UpdateStmt,
  ViewStmt,
} from '../libpg.ts';
import type { Action, ActionOf, Name } from '../action.ts';
import { relationName, target } from './name.ts';
import { pinnedColumns, sourcesIn } from './reach.ts';
import { setConfig } from './session.ts';
import { persistence } from './table.ts';
import { type Use, useIn } from './use.ts';

export function select(node: SelectStmt, whole: Node): Action {
  const setting = setConfig(node);
  if (setting !== null) return setting;
  const { reads, functions, writes } = useIn(whole);
  const into = node.intoClause?.rel;
  if (into !== undefined) {
    return {
      kind: 'create-table-as',
      name: relationName(into),
      ifNotExists: false,
      relationKind: 'table',
      persistence: persistence(into.relpersistence),
      onCommitDrop: node.intoClause?.onCommit === 'ONCOMMIT_DROP',
      reads,
      functions,
      withData: true,
    };
  }
  const [first, ...others] = writes;
  if (first === undefined) return { kind: 'select', reads, functions };
  const { command, ...table } = first;
  return { ...DML, command, table, reads, writes: others, hasWhere: true, sources: sourcesIn(whole, reads), functions };
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

export function dml({ command, node }: DmlStmt): ActionOf<'dml'> {
  const query = command === 'insert' ? node.selectStmt : undefined;
  const { reads, writes, functions } = useIn(node);
  return {
    kind: 'dml',
    command,
    table: target(node.relation),
    alias: node.relation?.alias?.aliasname ?? null,
    assigns: command === 'update' ? assigned(node.targetList) : command === 'insert' ? assigned(node.cols) : [],
    hasWhere: (command === 'update' || command === 'delete') && node.whereClause !== undefined,
    values: query !== undefined && 'SelectStmt' in query && query.SelectStmt.valuesLists !== undefined,
    sources: sourcesIn({ ...node, relation: undefined }, reads),
    pinned:
      command === 'update'
        ? pinnedColumns(node.whereClause, node.fromClause)
        : command === 'delete'
          ? pinnedColumns(node.whereClause, node.usingClause)
          : query !== undefined && 'SelectStmt' in query
            ? pinnedColumns(query.SelectStmt.whereClause)
            : [],
    reads,
    writes,
    functions,
  };
}

export function copy(node: CopyStmt): Action {
  if (node.is_from === true) {
    const use: Use = { reads: [], writes: [], functions: [] };
    return { ...DML, ...use, command: 'copy-from', table: target(node.relation), values: true };
  }
  const source = node.relation === undefined ? node.query : { RangeVar: node.relation };
  return query(source) ?? readOnly(source);
}

/** A query that another statement holds: of DECLARE CURSOR or COPY. Null for what is none. */
export function query(node: Node | undefined): Action | null {
  if (node === undefined) return null;
  if ('SelectStmt' in node) return select(node.SelectStmt, node);
  if ('InsertStmt' in node) return dml({ command: 'insert', node: node.InsertStmt });
  if ('UpdateStmt' in node) return dml({ command: 'update', node: node.UpdateStmt });
  if ('DeleteStmt' in node) return dml({ command: 'delete', node: node.DeleteStmt });
  if ('MergeStmt' in node) return dml({ command: 'merge', node: node.MergeStmt });
  return null;
}

function readOnly(node: Node | undefined): ActionOf<'select'> {
  const { reads, functions } = useIn(node);
  return { kind: 'select', reads, functions };
}

/** CREATE TABLE AS and CREATE MATERIALIZED VIEW. */
export function createTableAs({ into, query: source, objtype, if_not_exists }: CreateTableAsStmt): Action {
  const { reads, functions } = useIn(source);
  return {
    kind: 'create-table-as',
    name: relationName(into?.rel),
    ifNotExists: if_not_exists === true,
    relationKind: objtype === 'OBJECT_MATVIEW' ? 'materialized-view' : 'table',
    persistence: persistence(into?.rel?.relpersistence),
    onCommitDrop: into?.onCommit === 'ONCOMMIT_DROP',
    reads,
    functions,
    withData: into?.skipData !== true,
  };
}

export function createView({ view, replace, query: source }: ViewStmt): Action {
  const { reads, functions } = useIn(source);
  return {
    kind: 'create-view',
    name: relationName(view),
    orReplace: replace === true,
    temporary: view?.relpersistence === 't',
    reads,
    functions,
    base: baseOf(source),
  };
}

function baseOf(source: Node | undefined): Name | null {
  const [item, ...others] = source !== undefined && 'SelectStmt' in source ? (source.SelectStmt.fromClause ?? []) : [];
  return item !== undefined && 'RangeVar' in item && others.length === 0 ? relationName(item.RangeVar) : null;
}

function assigned(list: readonly Node[] | undefined): string[] {
  return (list ?? []).flatMap((item) =>
    'ResTarget' in item && item.ResTarget.name !== undefined ? [item.ResTarget.name] : [],
  );
}
