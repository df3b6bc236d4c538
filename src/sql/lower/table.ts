import type { ColumnDef as ColumnNode, CreateStmt, Node } from '../libpg.ts';
import type { Action, ColumnDef, ConstraintDef, Name } from '../action.ts';
import { constraint } from './constraint.ts';
import { expression } from './expression.ts';
import { listName, relationName, typeName } from './name.ts';

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
  const like: Name[] = [];
  for (const element of node.tableElts ?? []) {
    if ('ColumnDef' in element) columns.push(column(element.ColumnDef));
    else if ('TableLikeClause' in element) like.push(relationName(element.TableLikeClause.relation));
    else if ('Constraint' in element) constraints.push(...present(constraint(element.Constraint, null)));
  }
  return {
    kind: 'create-table',
    name: relationName(node.relation),
    ifNotExists: node.if_not_exists === true,
    persistence: persistence(node.relation?.relpersistence),
    columns,
    constraints,
    inherits: node.partbound === undefined ? parents : [],
    like,
    partitionBy:
      node.partspec === undefined
        ? null
        : {
            strategy: PARTITION_STRATEGIES[node.partspec.strategy ?? 'PARTITION_STRATEGY_RANGE'],
            columns: (node.partspec.partParams ?? []).flatMap((part) =>
              'PartitionElem' in part && part.PartitionElem.name !== undefined ? [part.PartitionElem.name] : [],
            ),
          },
    partitionOf:
      node.partbound === undefined || partitionParent === undefined
        ? null
        : { parent: partitionParent, isDefault: node.partbound.is_default === true },
    foreign: options.foreign,
  };
}

const PARTITION_STRATEGIES = {
  PARTITION_STRATEGY_RANGE: 'range',
  PARTITION_STRATEGY_LIST: 'list',
  PARTITION_STRATEGY_HASH: 'hash',
} as const;

export function column(node: ColumnNode): ColumnDef {
  const own = (node.constraints ?? []).flatMap((item: Node) => ('Constraint' in item ? [item.Constraint] : []));
  const name = node.colname ?? '';
  const constraints = own.flatMap((item) => present(constraint(item, name)));
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
