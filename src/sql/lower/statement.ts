import type { DefElem, Node } from '../libpg.ts';
import type { Action } from '../action.ts';
import { alterTable } from './alter-table.ts';
import { comment } from './comment.ts';
import { alterDomain, createDomain } from './domain.ts';
import { drop } from './drop.ts';
import { alterFunction, call, createFunction } from './function.ts';
import { createIndex, reindex } from './indexes.ts';
import { vacuum } from './maintenance.ts';
import { rangeVars, relationName } from './name.ts';
import { hasOption, textOption } from './option.ts';
import { outsideTransaction } from './outside-transaction.ts';
import { alterPublication, createPublication, createStatistics } from './publication.ts';
import { copy, createTableAs, createView, dml, query, select } from './query.ts';
import { rename, setSchema } from './rename.ts';
import { alterSequence, createSequence } from './sequence.ts';
import { discard, set, transaction } from './session.ts';
import { createRule, createTrigger, dependsOnExtension, policy } from './table-object.ts';
import { createTable } from './table.ts';
import { alterEnum, createComposite, createEnum, createRange } from './types.ts';
import { readsIn } from './use.ts';

/** Statements that lock no relation, whatever they say. */
const NO_RELATION = new Set([
  'AlterCollationStmt',
  'AlterDatabaseRefreshCollStmt',
  'AlterDatabaseSetStmt',
  'AlterDatabaseStmt',
  'AlterDefaultPrivilegesStmt',
  'AlterEventTrigStmt',
  'AlterExtensionContentsStmt',
  'AlterExtensionStmt',
  'AlterFdwStmt',
  'AlterForeignServerStmt',
  'AlterOpFamilyStmt',
  'AlterOperatorStmt',
  'AlterOwnerStmt',
  'AlterRoleSetStmt',
  'AlterRoleStmt',
  'AlterStatsStmt',
  'AlterSubscriptionStmt',
  'AlterTSConfigurationStmt',
  'AlterTSDictionaryStmt',
  'AlterTypeStmt',
  'AlterUserMappingStmt',
  'CheckPointStmt',
  'ClosePortalStmt',
  'ConstraintsSetStmt',
  'CreateAmStmt',
  'CreateCastStmt',
  'CreateConversionStmt',
  'CreateEventTrigStmt',
  'CreateFdwStmt',
  'CreateForeignServerStmt',
  'CreateOpClassStmt',
  'CreateOpFamilyStmt',
  'CreatePLangStmt',
  'CreateRoleStmt',
  'CreateTransformStmt',
  'CreateUserMappingStmt',
  'DefineStmt',
  'DropRoleStmt',
  'DropUserMappingStmt',
  'FetchStmt',
  'GrantRoleStmt',
  'ListenStmt',
  'LoadStmt',
  'NotifyStmt',
  'SecLabelStmt',
  'UnlistenStmt',
  'VariableShowStmt',
]);

/** PostgreSQL's node name without `Stmt`, and what the statement does. */
export function lowerStatement(node: Node): { kind: string; action: Action } {
  const type = Object.keys(node)[0] ?? '';
  return { kind: type.replace(/Stmt$/, ''), action: lower(node) ?? outsideTransaction(node) ?? fallback(type, node) };
}

function lowered(node: Node): Action {
  return lowerStatement(node).action;
}

function fallback(type: string, node: Node): Action {
  return NO_RELATION.has(type) ? { kind: 'no-relation' } : { kind: 'unknown', node: type, relations: readsIn(node) };
}

/** Null for what is not modelled. */
function lower(node: Node): Action | null {
  if ('CreateStmt' in node) return createTable(node.CreateStmt, { foreign: false });
  if ('CreateForeignTableStmt' in node) return createTable(node.CreateForeignTableStmt.base ?? {}, { foreign: true });
  if ('AlterTableStmt' in node) return alterTable(node.AlterTableStmt);
  if ('IndexStmt' in node) return createIndex(node.IndexStmt);
  if ('SelectStmt' in node) return select(node.SelectStmt, node);
  if ('InsertStmt' in node) return dml({ command: 'insert', node: node.InsertStmt });
  if ('UpdateStmt' in node) return dml({ command: 'update', node: node.UpdateStmt });
  if ('DeleteStmt' in node) return dml({ command: 'delete', node: node.DeleteStmt });
  if ('MergeStmt' in node) return dml({ command: 'merge', node: node.MergeStmt });
  if ('CopyStmt' in node) return copy(node.CopyStmt);
  if ('CreateFunctionStmt' in node) return createFunction(node.CreateFunctionStmt, lowered);
  if ('AlterFunctionStmt' in node) return alterFunction(node.AlterFunctionStmt);
  if ('CallStmt' in node) return call(node.CallStmt);
  if ('PrepareStmt' in node && node.PrepareStmt.query !== undefined)
    return { kind: 'prepare', name: node.PrepareStmt.name ?? '', action: lowered(node.PrepareStmt.query) };
  if ('ExecuteStmt' in node) return { kind: 'execute', name: node.ExecuteStmt.name ?? '' };
  if ('DeallocateStmt' in node) return { kind: 'deallocate', name: node.DeallocateStmt.name ?? null };
  if ('ExplainStmt' in node && node.ExplainStmt.query !== undefined) {
    const { query: explained, options } = node.ExplainStmt;
    return { kind: 'explain', action: lowered(explained), analyze: hasOption(options, 'analyze') };
  }
  if ('DropStmt' in node) return drop(node.DropStmt);
  if ('RenameStmt' in node) return rename(node.RenameStmt);
  if ('CommentStmt' in node) return comment(node.CommentStmt);
  if ('TransactionStmt' in node) return transaction(node.TransactionStmt);
  if ('VariableSetStmt' in node) return set(node.VariableSetStmt);
  if ('VacuumStmt' in node) return vacuum(node.VacuumStmt);
  if ('CreateTableAsStmt' in node) return createTableAs(node.CreateTableAsStmt);
  if ('ViewStmt' in node) return createView(node.ViewStmt);
  if ('DeclareCursorStmt' in node) return query(node.DeclareCursorStmt.query);
  if ('DiscardStmt' in node) return discard(node.DiscardStmt);
  if ('CreateSeqStmt' in node) return createSequence(node.CreateSeqStmt);
  if ('AlterSeqStmt' in node) return alterSequence(node.AlterSeqStmt);
  if ('AlterObjectSchemaStmt' in node) return setSchema(node.AlterObjectSchemaStmt);
  if ('CreateTrigStmt' in node) return createTrigger(node.CreateTrigStmt);
  if ('RuleStmt' in node) return createRule(node.RuleStmt);
  if ('CreatePolicyStmt' in node) return policy('create-policy', node.CreatePolicyStmt);
  if ('AlterPolicyStmt' in node) return policy('alter-policy', node.AlterPolicyStmt);
  if ('AlterObjectDependsStmt' in node) return dependsOnExtension(node.AlterObjectDependsStmt);
  if ('ReindexStmt' in node) return reindex(node.ReindexStmt);
  if ('ClusterStmt' in node) {
    const { relation } = node.ClusterStmt;
    return { kind: 'cluster', table: relation === undefined ? null : relationName(relation) };
  }
  if ('RefreshMatViewStmt' in node) {
    return {
      kind: 'refresh-materialized-view',
      name: relationName(node.RefreshMatViewStmt.relation),
      concurrently: node.RefreshMatViewStmt.concurrent === true,
      withData: node.RefreshMatViewStmt.skipData !== true,
    };
  }
  if ('TruncateStmt' in node) {
    return {
      kind: 'truncate',
      tables: rangeVars(node.TruncateStmt.relations),
      cascade: node.TruncateStmt.behavior === 'DROP_CASCADE',
      restartIdentity: node.TruncateStmt.restart_seqs === true,
    };
  }
  if ('LockStmt' in node)
    return { kind: 'lock-table', tables: rangeVars(node.LockStmt.relations), mode: node.LockStmt.mode ?? 8 };
  if ('GrantStmt' in node) {
    const { targtype, objtype, objects } = node.GrantStmt;
    return {
      kind: 'grant',
      relations:
        targtype === 'ACL_TARGET_OBJECT' && (objtype === 'OBJECT_TABLE' || objtype === 'OBJECT_SEQUENCE')
          ? rangeVars(objects)
          : [],
    };
  }
  if ('CreateStatsStmt' in node) return createStatistics(node.CreateStatsStmt);
  if ('CreatePublicationStmt' in node) return createPublication(node.CreatePublicationStmt);
  if ('AlterPublicationStmt' in node) return alterPublication(node.AlterPublicationStmt);
  if ('CreateSchemaStmt' in node) return createSchema(node);
  if ('CreateDomainStmt' in node) return createDomain(node.CreateDomainStmt);
  if ('AlterDomainStmt' in node) return alterDomain(node.AlterDomainStmt);
  if ('CreateEnumStmt' in node) return createEnum(node.CreateEnumStmt);
  if ('AlterEnumStmt' in node) return alterEnum(node.AlterEnumStmt);
  if ('CompositeTypeStmt' in node) return createComposite(node.CompositeTypeStmt);
  if ('CreateRangeStmt' in node) return createRange(node.CreateRangeStmt);
  if ('CreateExtensionStmt' in node) {
    const { extname = '', options } = node.CreateExtensionStmt;
    return { kind: 'create-extension', name: extname, version: textOption(defElems(options), 'new_version') };
  }
  if ('DoStmt' in node) {
    const args = defElems(node.DoStmt.args);
    return { kind: 'do', language: textOption(args, 'language') ?? 'plpgsql', body: textOption(args, 'as') ?? '' };
  }
  return null;
}

function defElems(options: readonly Node[] = []): DefElem[] {
  return options.flatMap((option) => ('DefElem' in option ? [option.DefElem] : []));
}

function createSchema({ CreateSchemaStmt }: Extract<Node, { CreateSchemaStmt: unknown }>): Action {
  const { schemaname, authrole, if_not_exists, schemaElts = [] } = CreateSchemaStmt;
  return {
    kind: 'create-schema',
    // AUTHORIZATION alone names the schema after the role.
    name: schemaname ?? authrole?.rolename ?? '',
    ifNotExists: if_not_exists === true,
    elements: schemaElts.map(lowered),
  };
}
