import type { ColumnDef as ColumnNode, Constraint, CreateStmt, TableLikeClause } from '../libpg.ts';
import type { Action, ColumnDef, ConstraintDef, LikeClause, LikeOption } from '../action.ts';
import { constraint } from './constraint.ts';
import { expression } from './expression.ts';
import { listName, relationName, typeName } from './name.ts';
import { partitionBound, partitionKey } from './partition.ts';

export type Persistence = 'permanent' | 'unlogged' | 'temporary';

export function persistence(relpersistence: string | undefined): Persistence {
  return relpersistence === 'u' ? 'unlogged' : relpersistence === 't' ? 'temporary' : 'permanent';
}

export function createTable(node: CreateStmt, options: { foreign: boolean }): Action {
  const parents = (node.inhRelations ?? []).flatMap((parent) =>
    'RangeVar' in parent ? [relationName(parent.RangeVar)] : [],
  );
  const [partitionParent] = parents;
  const columns: ColumnDef[] = [];
  const constraints: ConstraintDef[] = [];
  const like: LikeClause[] = [];
  for (const element of node.tableElts ?? []) {
    if ('ColumnDef' in element) columns.push(column(element.ColumnDef));
    else if ('TableLikeClause' in element) like.push(likeClause(element.TableLikeClause));
    else if ('Constraint' in element) constraints.push(...present(constraint(element.Constraint, null, [])));
  }
  return {
    kind: 'create-table',
    name: relationName(node.relation),
    ifNotExists: node.if_not_exists === true,
    persistence: persistence(node.relation?.relpersistence),
    ofType: node.ofTypename === undefined ? null : typeName(node.ofTypename),
    onCommitDrop: node.oncommit === 'ONCOMMIT_DROP',
    columns,
    constraints,
    inherits: node.partbound === undefined ? parents : [],
    like,
    partitionBy: node.partspec === undefined ? null : partitionKey(node.partspec),
    partitionOf:
      node.partbound === undefined || partitionParent === undefined
        ? null
        : { parent: partitionParent, bound: partitionBound(node.partbound) },
    accessMethod: node.accessMethod ?? null,
    tablespace: node.tablespacename ?? null,
    foreign: options.foreign,
  };
}

const LIKE_OPTIONS: readonly (readonly [LikeOption, number])[] = [
  ['constraints', 1 << 2],
  ['defaults', 1 << 3],
  ['generated', 1 << 4],
  ['identity', 1 << 5],
  ['indexes', 1 << 6],
  ['statistics', 1 << 7],
];

/** The options are the bits of TableLikeOption in parsenodes.h. */
function likeClause({ relation, options = 0 }: TableLikeClause): LikeClause {
  return {
    table: relationName(relation),
    including: LIKE_OPTIONS.flatMap(([option, bit]) => ((options & bit) === 0 ? [] : [option])),
  };
}

export function column(node: ColumnNode): ColumnDef {
  const own: Constraint[] = [];
  for (const item of node.constraints ?? []) if ('Constraint' in item) own.push(item.Constraint);
  const name = node.colname ?? '';
  const constraints: ConstraintDef[] = [];
  for (const [index, item] of own.entries()) {
    const written = constraint(item, name, own.slice(index + 1));
    if (written !== null) constraints.push(written);
  }
  const defaultNode = own.find((item) => item.contype === 'CONSTR_DEFAULT')?.raw_expr;
  const identity = own.find((item) => item.contype === 'CONSTR_IDENTITY');
  const generated = own.find((item) => item.contype === 'CONSTR_GENERATED');
  return {
    name,
    type: typeName(node.typeName),
    notNull: constraints.some((item) => item.kind === 'not-null' || item.kind === 'primary-key'),
    default: defaultNode === undefined ? null : expression(defaultNode),
    identity: identity === undefined ? null : identityKind(identity.generated_when),
    generated:
      generated === undefined
        ? null
        : { kind: generated.generated_kind === 'v' ? 'virtual' : 'stored', expression: expression(generated.raw_expr) },
    collation: node.collClause === undefined ? null : listName(node.collClause.collname).name,
    constraints,
  };
}

export function identityKind(generatedWhen: string | undefined): 'always' | 'by-default' {
  return generatedWhen === 'a' ? 'always' : 'by-default';
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}
