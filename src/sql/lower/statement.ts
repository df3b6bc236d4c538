import type { DefElem, IndexStmt, Node, RenameStmt, VacuumStmt } from '../libpg.ts';
import type { Action, ColumnName, Name } from '../action.ts';
import { alterTable, relationKind } from './alter-table.ts';
import { expression, relationsIn } from './expression.ts';
import { createFunction } from './function.ts';
import { listName, objectName, relationName, strings, typeName } from './name.ts';
import { copy, dml, select } from './query.ts';
import { createTable, persistence } from './table.ts';

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
  'AlterFunctionStmt',
  'AlterObjectDependsStmt',
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
  'CompositeTypeStmt',
  'ConstraintsSetStmt',
  'CreateAmStmt',
  'CreateCastStmt',
  'CreateConversionStmt',
  'CreateEventTrigStmt',
  'CreateExtensionStmt',
  'CreateFdwStmt',
  'CreateForeignServerStmt',
  'CreateOpClassStmt',
  'CreateOpFamilyStmt',
  'CreatePLangStmt',
  'CreateRangeStmt',
  'CreateRoleStmt',
  'CreateTransformStmt',
  'CreateUserMappingStmt',
  'DeallocateStmt',
  'DefineStmt',
  'DiscardStmt',
  'DropRoleStmt',
  'DropUserMappingStmt',
  'FetchStmt',
  'GrantRoleStmt',
  'ListenStmt',
  'LoadStmt',
  'NotifyStmt',
  'ReassignOwnedStmt',
  'SecLabelStmt',
  'UnlistenStmt',
  'VariableShowStmt',
]);

/** Statements that lock no relation and refuse to run inside a transaction block. */
const RUNS_ALONE = new Set([
  'AlterSystemStmt',
  'CreateTableSpaceStmt',
  'CreatedbStmt',
  'DropTableSpaceStmt',
  'DropdbStmt',
  'CreateSubscriptionStmt',
  'DropSubscriptionStmt',
]);

/** PostgreSQL's node name without `Stmt`, and what the statement does. */
export function lowerStatement(node: Node): { kind: string; action: Action } {
  const type = Object.keys(node)[0] ?? '';
  return { kind: type.replace(/Stmt$/, ''), action: lower(node) ?? fallback(type, node) };
}

function fallback(type: string, node: Node): Action {
  if (RUNS_ALONE.has(type)) return { kind: 'runs-alone' };
  return NO_RELATION.has(type)
    ? { kind: 'no-relation' }
    : { kind: 'unknown', node: type, relations: relationsIn(node) };
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
  if ('CreateFunctionStmt' in node) return createFunction(node.CreateFunctionStmt);
  if ('DropStmt' in node) return drop(node);
  if ('RenameStmt' in node) return rename(node.RenameStmt);
  if ('CommentStmt' in node) return comment(node);
  if ('TransactionStmt' in node)
    return { kind: 'transaction', command: TRANSACTION_COMMANDS[node.TransactionStmt.kind ?? 'TRANS_STMT_BEGIN'] };
  if ('VariableSetStmt' in node) return set(node);
  if ('VacuumStmt' in node) return vacuum(node.VacuumStmt);
  if ('CreateTableAsStmt' in node) {
    const { into, query, objtype, if_not_exists } = node.CreateTableAsStmt;
    return {
      kind: 'create-table-as',
      name: relationName(into?.rel),
      ifNotExists: if_not_exists === true,
      relationKind: objtype === 'OBJECT_MATVIEW' ? 'materialized-view' : 'table',
      persistence: persistence(into?.rel?.relpersistence),
      reads: relationsIn(query),
    };
  }
  if ('ViewStmt' in node) {
    const { view, replace, query } = node.ViewStmt;
    return { kind: 'create-view', name: relationName(view), orReplace: replace === true, reads: relationsIn(query) };
  }
  if ('CreateSeqStmt' in node) {
    const { sequence, if_not_exists, options } = node.CreateSeqStmt;
    return {
      kind: 'create-sequence',
      name: relationName(sequence),
      ifNotExists: if_not_exists === true,
      ownedBy: ownedBy(options),
    };
  }
  if ('AlterSeqStmt' in node) {
    const { sequence, missing_ok, options } = node.AlterSeqStmt;
    return {
      kind: 'alter-sequence',
      name: relationName(sequence),
      ifExists: missing_ok === true,
      ownedBy: ownedBy(options),
    };
  }
  if ('AlterObjectSchemaStmt' in node) {
    const { relation, objectType, newschema } = node.AlterObjectSchemaStmt;
    const kind = relationKind(objectType);
    if (kind === null || relation === undefined) return { kind: 'no-relation' };
    return { kind: 'set-schema', relationKind: kind, relation: relationName(relation), schema: newschema ?? '' };
  }
  if ('CreateTrigStmt' in node) {
    const { relation, trigname } = node.CreateTrigStmt;
    return { kind: 'create-table-object', what: 'trigger', table: relationName(relation), name: trigname ?? '' };
  }
  if ('RuleStmt' in node) {
    return {
      kind: 'create-table-object',
      what: 'rule',
      table: relationName(node.RuleStmt.relation),
      name: node.RuleStmt.rulename ?? '',
    };
  }
  if ('CreatePolicyStmt' in node) {
    const { table, policy_name } = node.CreatePolicyStmt;
    return { kind: 'create-table-object', what: 'policy', table: relationName(table), name: policy_name ?? '' };
  }
  if ('AlterPolicyStmt' in node) {
    const { table, policy_name } = node.AlterPolicyStmt;
    return { kind: 'alter-table-object', what: 'policy', table: relationName(table), name: policy_name ?? '' };
  }
  if ('ReindexStmt' in node) {
    const { kind, relation, params } = node.ReindexStmt;
    return {
      kind: 'reindex',
      target: REINDEX_TARGETS[kind ?? 'REINDEX_OBJECT_TABLE'],
      name: relation === undefined ? null : relationName(relation),
      concurrently: hasOption(params, 'concurrently'),
    };
  }
  if ('ClusterStmt' in node) {
    const { relation } = node.ClusterStmt;
    return { kind: 'cluster', table: relation === undefined ? null : relationName(relation) };
  }
  if ('RefreshMatViewStmt' in node) {
    return {
      kind: 'refresh-materialized-view',
      name: relationName(node.RefreshMatViewStmt.relation),
      concurrently: node.RefreshMatViewStmt.concurrent === true,
    };
  }
  if ('TruncateStmt' in node) {
    return {
      kind: 'truncate',
      tables: rangeVars(node.TruncateStmt.relations),
      cascade: node.TruncateStmt.behavior === 'DROP_CASCADE',
    };
  }
  if ('LockStmt' in node)
    return { kind: 'lock-table', tables: rangeVars(node.LockStmt.relations), mode: node.LockStmt.mode ?? 8 };
  if ('GrantStmt' in node) {
    const { targtype, objtype, objects } = node.GrantStmt;
    return {
      kind: 'grant',
      relations: targtype === 'ACL_TARGET_OBJECT' && objtype === 'OBJECT_TABLE' ? rangeVars(objects) : [],
    };
  }
  if ('CreateStatsStmt' in node)
    return { kind: 'attach-to-tables', what: 'statistics', tables: rangeVars(node.CreateStatsStmt.relations) };
  if ('CreatePublicationStmt' in node) return publication(node.CreatePublicationStmt.pubobjects);
  if ('AlterPublicationStmt' in node) return publication(node.AlterPublicationStmt.pubobjects);
  if ('CreateSchemaStmt' in node) return createSchema(node);
  if ('CreateDomainStmt' in node) {
    const { domainname, typeName: base, constraints } = node.CreateDomainStmt;
    return {
      kind: 'create-domain',
      name: listName(domainname),
      base: typeName(base),
      constrained: (constraints ?? []).some(constrains),
    };
  }
  if ('AlterDomainStmt' in node)
    return { kind: 'alter-domain', name: listName(node.AlterDomainStmt.typeName), command: domainCommand(node) };
  if ('CreateEnumStmt' in node) {
    return {
      kind: 'create-enum',
      name: listName(node.CreateEnumStmt.typeName),
      values: strings(node.CreateEnumStmt.vals),
    };
  }
  if ('AlterEnumStmt' in node) {
    const { typeName: type, oldVal, newVal } = node.AlterEnumStmt;
    return {
      kind: 'alter-enum',
      name: listName(type),
      command: oldVal === undefined ? 'add-value' : 'rename-value',
      value: newVal ?? '',
    };
  }
  if ('DoStmt' in node) {
    const args = (node.DoStmt.args ?? []).flatMap((arg) => ('DefElem' in arg ? [arg.DefElem] : []));
    return { kind: 'do', language: textOption(args, 'language') ?? 'plpgsql', body: textOption(args, 'as') ?? '' };
  }
  return null;
}

function createIndex(node: IndexStmt): Action {
  const elements = (node.indexParams ?? []).flatMap((item) => ('IndexElem' in item ? [item.IndexElem] : []));
  return {
    kind: 'create-index',
    name: node.idxname ?? null,
    table: relationName(node.relation),
    concurrently: node.concurrent === true,
    ifNotExists: node.if_not_exists === true,
    unique: node.unique === true,
    only: node.relation?.inh !== true,
    method: node.accessMethod ?? 'btree',
    columns: elements.map(({ name }) => name ?? null),
    expressions: elements.flatMap(({ expr }) => (expr === undefined ? [] : [expression(expr)])),
    where: node.whereClause === undefined ? null : expression(node.whereClause),
  };
}

const TABLE_OBJECTS = { OBJECT_TRIGGER: 'trigger', OBJECT_POLICY: 'policy', OBJECT_RULE: 'rule' } as const;

function drop(node: Extract<Node, { DropStmt: unknown }>): Action | null {
  const { removeType, objects = [], behavior, missing_ok, concurrent } = node.DropStmt;
  const ifExists = missing_ok === true;
  const cascade = behavior === 'DROP_CASCADE';
  const kind = relationKind(removeType);
  if (kind !== null) {
    return {
      kind: 'drop-relation',
      relationKind: kind,
      names: objects.map(objectName),
      ifExists,
      cascade,
      concurrently: concurrent === true,
    };
  }
  if (removeType === 'OBJECT_SCHEMA')
    return { kind: 'drop-schema', names: objects.map((item) => objectName(item).name), ifExists, cascade };
  if (removeType === 'OBJECT_TRIGGER' || removeType === 'OBJECT_POLICY' || removeType === 'OBJECT_RULE') {
    const [object] = objects;
    const parts = object !== undefined && 'List' in object ? (object.List.items ?? []) : [];
    return {
      kind: 'drop-table-object',
      what: TABLE_OBJECTS[removeType],
      table: listName(parts.slice(0, -1)),
      name: strings(parts).at(-1) ?? '',
    };
  }
  // Dropping a type, function or extension with CASCADE can take columns and defaults of tables with it.
  return cascade ? null : { kind: 'no-relation' };
}

function rename(node: RenameStmt): Action | null {
  const { renameType, relation, subname = '', newname: to = '', missing_ok } = node;
  const common = { kind: 'rename', to, ifExists: missing_ok === true } as const;
  if (renameType === 'OBJECT_SCHEMA') return { kind: 'rename-schema', from: subname, to };
  if (relation === undefined) return { kind: 'no-relation' };
  const name = relationName(relation);
  const kind = relationKind(renameType);
  if (kind !== null) return { ...common, what: kind, relation: name, from: name.name };
  if (renameType === 'OBJECT_COLUMN') return { ...common, what: 'column', relation: name, from: subname };
  if (renameType === 'OBJECT_TABCONSTRAINT') return { ...common, what: 'constraint', relation: name, from: subname };
  if (renameType === 'OBJECT_TRIGGER' || renameType === 'OBJECT_POLICY' || renameType === 'OBJECT_RULE') {
    return { ...common, what: TABLE_OBJECTS[renameType], relation: name, from: subname };
  }
  // ALTER TYPE … RENAME ATTRIBUTE names its composite type as a relation.
  return renameType === 'OBJECT_ATTRIBUTE' ? { kind: 'no-relation' } : null;
}

function comment(node: Extract<Node, { CommentStmt: unknown }>): Action {
  const { objtype, object } = node.CommentStmt;
  const items = object !== undefined && 'List' in object ? (object.List.items ?? []) : [];
  if (relationKind(objtype) !== null) return { kind: 'comment', relation: listName(items) };
  if (
    objtype === 'OBJECT_COLUMN' ||
    objtype === 'OBJECT_TABCONSTRAINT' ||
    (objtype !== undefined && objtype in TABLE_OBJECTS)
  ) {
    return { kind: 'comment', relation: listName(items.slice(0, -1)) };
  }
  return { kind: 'comment', relation: null };
}

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

const REINDEX_TARGETS = {
  REINDEX_OBJECT_INDEX: 'index',
  REINDEX_OBJECT_TABLE: 'table',
  REINDEX_OBJECT_SCHEMA: 'schema',
  REINDEX_OBJECT_SYSTEM: 'database',
  REINDEX_OBJECT_DATABASE: 'database',
} as const;

function set(node: Extract<Node, { VariableSetStmt: unknown }>): Action {
  const { kind, name = 'all', args = [], is_local } = node.VariableSetStmt;
  const values = args.map((arg) => ('A_Const' in arg ? constantText(arg) : ''));
  return { kind: 'set', name, value: kind === 'VAR_SET_VALUE' ? values.join(', ') : null, local: is_local === true };
}

function constantText(node: Extract<Node, { A_Const: unknown }>): string {
  const { sval, ival, fval, boolval } = node.A_Const;
  if (sval !== undefined) return sval.sval ?? '';
  if (fval !== undefined) return fval.fval ?? '';
  if (boolval !== undefined) return boolval.boolval === true ? 'true' : 'false';
  return String(ival?.ival ?? 0);
}

function vacuum(node: VacuumStmt): Action {
  const tables = (node.rels ?? []).flatMap((item) =>
    'VacuumRelation' in item ? [relationName(item.VacuumRelation.relation)] : [],
  );
  if (node.is_vacuumcmd !== true) return { kind: 'analyze', tables };
  return { kind: 'vacuum', tables, full: hasOption(node.options, 'full') };
}

function publication(objects: readonly Node[] | undefined): Action {
  const tables = (objects ?? []).flatMap((item) =>
    'PublicationObjSpec' in item && item.PublicationObjSpec.pubtable !== undefined
      ? [relationName(item.PublicationObjSpec.pubtable.relation)]
      : [],
  );
  return { kind: 'attach-to-tables', what: 'publication', tables };
}

function createSchema(node: Extract<Node, { CreateSchemaStmt: unknown }>): Action | null {
  const { schemaname, authrole, if_not_exists, schemaElts = [] } = node.CreateSchemaStmt;
  // CREATE SCHEMA s CREATE TABLE …: the tables are new and lock nothing, but the catalog would miss them.
  if (schemaElts.length > 0) return null;
  return { kind: 'create-schema', name: schemaname ?? authrole?.rolename ?? '', ifNotExists: if_not_exists === true };
}

function constrains(node: Node): boolean {
  return (
    'Constraint' in node && (node.Constraint.contype === 'CONSTR_CHECK' || node.Constraint.contype === 'CONSTR_NOTNULL')
  );
}

function domainCommand(node: Extract<Node, { AlterDomainStmt: unknown }>) {
  const { subtype, def } = node.AlterDomainStmt;
  // The letters are those of AlterDomainStmt.subtype in parsenodes.h.
  if (subtype === 'O') return 'set-not-null';
  if (subtype === 'V') return 'validate-constraint';
  if (subtype !== 'C') return 'other';
  return def !== undefined && 'Constraint' in def && def.Constraint.skip_validation === true
    ? 'add-constraint-not-valid'
    : 'add-constraint';
}

function rangeVars(nodes: readonly Node[] | undefined): Name[] {
  return (nodes ?? []).flatMap((node) => ('RangeVar' in node ? [relationName(node.RangeVar)] : []));
}

function ownedBy(options: readonly Node[] | undefined): ColumnName | null {
  const option = (options ?? []).find((item) => 'DefElem' in item && item.DefElem.defname === 'owned_by');
  const arg = option !== undefined && 'DefElem' in option ? option.DefElem.arg : undefined;
  const parts = arg !== undefined && 'List' in arg ? (arg.List.items ?? []) : [];
  // OWNED BY NONE is a list of one; a column has its table in front.
  return parts.length < 2 ? null : { table: listName(parts.slice(0, -1)), column: strings(parts).at(-1) ?? '' };
}

function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((item) => 'DefElem' in item && item.DefElem.defname === name && isOn(item.DefElem));
}

/** `VACUUM (FULL false)` is a way to say no. */
function isOn({ arg }: DefElem): boolean {
  if (arg === undefined) return true;
  if ('String' in arg) return !['false', 'off', '0'].includes(arg.String.sval ?? '');
  if ('Integer' in arg) return (arg.Integer.ival ?? 0) !== 0;
  if ('Boolean' in arg) return arg.Boolean.boolval === true;
  return true;
}

function textOption(options: readonly DefElem[], name: string): string | null {
  const arg = options.find((option) => option.defname === name)?.arg;
  return arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : null;
}
