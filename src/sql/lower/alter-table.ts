import type { AlterTableCmd, AlterTableStmt, Node, ObjectType } from '../libpg.ts';
import type { Action, AlterCommand, RelationKind, ReplicaIdentity } from '../action.ts';
import { constraint } from './constraint.ts';
import { expression } from './expression.ts';
import { listName, relationName } from './name.ts';
import { partitionBound } from './partition.ts';
import { column, identityKind } from './table.ts';
import { alterComposite } from './types.ts';

const RELATION_KINDS: Partial<Record<ObjectType, RelationKind>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized-view',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_FOREIGN_TABLE: 'foreign-table',
};

export function relationKind(type: ObjectType | undefined): RelationKind | null {
  return type === undefined ? null : (RELATION_KINDS[type] ?? null);
}

export function alterTable(node: AlterTableStmt): Action {
  const kind = relationKind(node.objtype);
  if (kind === null) return alterComposite(node);
  const commands: AlterCommand[] = [];
  for (const item of node.cmds ?? []) if ('AlterTableCmd' in item) commands.push(command(item.AlterTableCmd));
  return {
    kind: 'alter-table',
    relationKind: kind,
    name: relationName(node.relation),
    ifExists: node.missing_ok === true,
    only: node.relation?.inh !== true,
    commands,
  };
}

function command(node: AlterTableCmd): AlterCommand {
  const name = node.name ?? '';
  const cascade = node.behavior === 'DROP_CASCADE';
  const ifExists = node.missing_ok === true;
  const def = node.def;
  switch (node.subtype) {
    case 'AT_AddColumn':
      if (def === undefined || !('ColumnDef' in def)) break;
      return { kind: 'add-column', column: column(def.ColumnDef), ifNotExists: node.missing_ok === true };
    case 'AT_DropColumn':
      return { kind: 'drop-column', column: name, ifExists, cascade };
    case 'AT_AlterColumnType':
      if (def === undefined || !('ColumnDef' in def)) break;
      return {
        kind: 'set-type',
        column: name,
        type: column(def.ColumnDef).type,
        using: def.ColumnDef.raw_default === undefined ? null : expression(def.ColumnDef.raw_default),
        collation: column(def.ColumnDef).collation,
      };
    case 'AT_SetNotNull':
      return { kind: 'set-not-null', column: name };
    case 'AT_DropNotNull':
      return { kind: 'drop-not-null', column: name };
    case 'AT_ColumnDefault':
      return def === undefined
        ? { kind: 'drop-default', column: name }
        : { kind: 'set-default', column: name, default: expression(def) };
    case 'AT_SetExpression':
      return { kind: 'set-expression', column: name, expression: expression(def) };
    case 'AT_DropExpression':
      return { kind: 'drop-expression', column: name };
    case 'AT_AddIdentity':
      return {
        kind: 'add-identity',
        column: name,
        identity: identityKind(def !== undefined && 'Constraint' in def ? def.Constraint.generated_when : undefined),
      };
    case 'AT_SetIdentity':
      return { kind: 'set-identity', column: name };
    case 'AT_DropIdentity':
      return { kind: 'drop-identity', column: name };
    case 'AT_SetStatistics':
      return { kind: 'set-statistics', column: name };
    case 'AT_SetOptions':
    case 'AT_ResetOptions':
      return { kind: 'set-column-options', column: name };
    case 'AT_SetStorage':
      return { kind: 'set-storage', column: name };
    case 'AT_SetCompression':
      return { kind: 'set-compression', column: name };
    case 'AT_AddConstraint': {
      const added = def !== undefined && 'Constraint' in def ? constraint(def.Constraint, null, []) : null;
      if (added === null) break;
      return { kind: 'add-constraint', constraint: added };
    }
    case 'AT_DropConstraint':
      return { kind: 'drop-constraint', name, ifExists, cascade };
    case 'AT_ValidateConstraint':
      return { kind: 'validate-constraint', name };
    case 'AT_AlterConstraint': {
      const change = def !== undefined && 'ATAlterConstraint' in def ? def.ATAlterConstraint : {};
      return {
        kind: 'alter-constraint',
        name: change.conname ?? '',
        enforced: change.alterEnforceability === true ? change.is_enforced === true : null,
        deferrable: change.alterDeferrability === true ? change.deferrable === true : null,
      };
    }
    case 'AT_SetLogged':
      return { kind: 'set-logged' };
    case 'AT_SetUnLogged':
      return { kind: 'set-unlogged' };
    case 'AT_SetAccessMethod':
      return { kind: 'set-access-method', to: node.name ?? null };
    case 'AT_SetTableSpace':
      return { kind: 'set-tablespace', to: name };
    case 'AT_SetRelOptions':
    case 'AT_ResetRelOptions':
    case 'AT_ReplaceRelOptions':
      return { kind: 'set-options', options: optionNames(def) };
    case 'AT_ClusterOn':
    case 'AT_DropCluster':
      return { kind: 'set-cluster', index: node.name ?? null };
    case 'AT_DropOids':
      return { kind: 'set-without-oids' };
    case 'AT_EnableTrig':
    case 'AT_EnableAlwaysTrig':
    case 'AT_EnableReplicaTrig':
    case 'AT_DisableTrig':
    case 'AT_EnableTrigAll':
    case 'AT_DisableTrigAll':
    case 'AT_EnableTrigUser':
    case 'AT_DisableTrigUser':
      return { kind: 'set-trigger', name: node.name ?? null };
    case 'AT_EnableRule':
    case 'AT_EnableAlwaysRule':
    case 'AT_EnableReplicaRule':
    case 'AT_DisableRule':
      return { kind: 'set-rule' };
    case 'AT_EnableRowSecurity':
      return { kind: 'set-row-security', mode: 'enable' };
    case 'AT_DisableRowSecurity':
      return { kind: 'set-row-security', mode: 'disable' };
    case 'AT_ForceRowSecurity':
      return { kind: 'set-row-security', mode: 'force' };
    case 'AT_NoForceRowSecurity':
      return { kind: 'set-row-security', mode: 'no-force' };
    case 'AT_ReplicaIdentity':
      return { kind: 'set-replica-identity', to: replicaIdentity(def) };
    case 'AT_ChangeOwner':
      return { kind: 'set-owner' };
    case 'AT_AddOf':
    case 'AT_DropOf':
      return { kind: 'set-of-type' };
    case 'AT_AddInherit':
    case 'AT_DropInherit':
      return {
        kind: node.subtype === 'AT_AddInherit' ? 'inherit' : 'no-inherit',
        parent: def !== undefined && 'RangeVar' in def ? relationName(def.RangeVar) : listName([]),
      };
    case 'AT_AttachPartition':
    case 'AT_DetachPartition':
    case 'AT_DetachPartitionFinalize':
      return partitionCommand(node.subtype, def);
    default:
      break;
  }
  return { kind: 'unknown', node: node.subtype ?? 'AlterTableCmd' };
}

function partitionCommand(
  subtype: 'AT_AttachPartition' | 'AT_DetachPartition' | 'AT_DetachPartitionFinalize',
  def: Node | undefined,
): AlterCommand {
  const command = def !== undefined && 'PartitionCmd' in def ? def.PartitionCmd : {};
  const partition = relationName(command.name);
  if (subtype === 'AT_AttachPartition')
    return { kind: 'attach-partition', partition, bound: partitionBound(command.bound) };
  if (subtype === 'AT_DetachPartitionFinalize') return { kind: 'detach-partition', partition, mode: 'finalize' };
  return { kind: 'detach-partition', partition, mode: command.concurrent === true ? 'concurrently' : 'plain' };
}

function optionNames(def: Node | undefined): string[] {
  if (def === undefined || !('List' in def)) return [];
  return (def.List.items ?? []).flatMap((item) =>
    'DefElem' in item
      ? [[item.DefElem.defnamespace, item.DefElem.defname].filter((part) => part !== undefined).join('.')]
      : [],
  );
}

function replicaIdentity(node: Node | undefined): ReplicaIdentity {
  const { identity_type: type, name = '' } =
    node !== undefined && 'ReplicaIdentityStmt' in node ? node.ReplicaIdentityStmt : {};
  return type === 'i' ? { index: name } : type === 'f' ? 'full' : type === 'n' ? 'nothing' : 'default';
}
