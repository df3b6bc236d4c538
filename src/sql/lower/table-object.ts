import type {
  AlterObjectDependsStmt,
  AlterPolicyStmt,
  CmdType,
  CreatePolicyStmt,
  CreateTrigStmt,
  RuleStmt,
} from '../libpg.ts';
import type { Action, ActionOf } from '../action.ts';
import { listName, relationName } from './name.ts';
import { useIn } from './use.ts';

export const TABLE_OBJECTS = { OBJECT_TRIGGER: 'trigger', OBJECT_POLICY: 'policy', OBJECT_RULE: 'rule' } as const;

export function createTrigger(node: CreateTrigStmt): Action {
  return {
    kind: 'create-trigger',
    name: node.trigname ?? '',
    table: relationName(node.relation),
    orReplace: node.replace === true,
    forEachRow: node.row === true,
    calls: listName(node.funcname),
    from: node.constrrel === undefined ? null : relationName(node.constrrel),
  };
}

const EVENTS: Partial<Record<CmdType, ActionOf<'create-rule'>['on']>> = {
  CMD_SELECT: 'select',
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
};

export function createRule({ relation, rulename, event, instead, whereClause, actions }: RuleStmt): Action {
  const { reads, writes, functions } = useIn([whereClause, actions]);
  return {
    kind: 'create-rule',
    name: rulename ?? '',
    table: relationName(relation),
    on: EVENTS[event ?? 'CMD_SELECT'] ?? 'select',
    // With a condition, what the statement says happens as well.
    instead: instead === true && whereClause === undefined,
    reads,
    writes,
    functions,
  };
}

export function policy(kind: 'create-policy' | 'alter-policy', node: CreatePolicyStmt | AlterPolicyStmt): Action {
  const { reads, functions } = useIn([node.qual, node.with_check]);
  return { kind, name: node.policy_name ?? '', table: relationName(node.table), reads, functions };
}

export function dependsOnExtension({ objectType, relation }: AlterObjectDependsStmt): Action {
  if (relation === undefined) return { kind: 'no-relation' };
  const what = objectType === 'OBJECT_TRIGGER' ? 'trigger' : 'relation';
  return { kind: 'depends-on-extension', what, relation: relationName(relation) };
}
