import type { ActionOf } from '../action.ts';
import type { Node } from '../libpg.ts';
import { hasOption } from './option.ts';

type RunsAlone = ActionOf<'runs-alone'>;

/** Statements that lock no relation and refuse to run inside a transaction block; null for all others. */
export function outsideTransaction(node: Node): RunsAlone | null {
  if ('CreatedbStmt' in node) return makes('database', node.CreatedbStmt.dbname);
  if ('DropdbStmt' in node) return drops('database', node.DropdbStmt.dbname);
  if ('CreateTableSpaceStmt' in node) return makes('tablespace', node.CreateTableSpaceStmt.tablespacename);
  if ('DropTableSpaceStmt' in node) return drops('tablespace', node.DropTableSpaceStmt.tablespacename);
  if ('CreateSubscriptionStmt' in node) return makes('subscription', node.CreateSubscriptionStmt.subname);
  if ('DropSubscriptionStmt' in node) return drops('subscription', node.DropSubscriptionStmt.subname);
  if ('AlterSystemStmt' in node) return TWICE_AS_ONCE;
  if ('AlterDatabaseStmt' in node) return sets(node.AlterDatabaseStmt.options, 'tablespace') ? TWICE_AS_ONCE : null;
  if ('AlterSubscriptionStmt' in node) return alterSubscription(node.AlterSubscriptionStmt);
  return null;
}

const TWICE_AS_ONCE: RunsAlone = { kind: 'runs-alone', object: null, repeatable: true };

/** Whatever asks the publisher; see AlterSubscription in subscriptioncmds.c. */
function alterSubscription({
  kind,
  options = [],
}: Extract<Node, { AlterSubscriptionStmt: unknown }>['AlterSubscriptionStmt']): RunsAlone | null {
  const refreshes = !sets(options, 'refresh') || hasOption(options, 'refresh');
  switch (kind) {
    case 'ALTER_SUBSCRIPTION_REFRESH':
      return TWICE_AS_ONCE;
    case 'ALTER_SUBSCRIPTION_SET_PUBLICATION':
      return refreshes ? TWICE_AS_ONCE : null;
    case 'ALTER_SUBSCRIPTION_ADD_PUBLICATION':
    case 'ALTER_SUBSCRIPTION_DROP_PUBLICATION':
      return refreshes ? { ...TWICE_AS_ONCE, repeatable: false } : null;
    case 'ALTER_SUBSCRIPTION_OPTIONS':
      return sets(options, 'failover') || sets(options, 'two_phase') ? TWICE_AS_ONCE : null;
    default:
      return null;
  }
}

function sets(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((item) => 'DefElem' in item && item.DefElem.defname === name);
}

function makes(type: NonNullable<RunsAlone['object']>['type'], name = ''): RunsAlone {
  return { kind: 'runs-alone', object: { type, name, command: 'create' }, repeatable: false };
}

function drops(type: NonNullable<RunsAlone['object']>['type'], name = ''): RunsAlone {
  return { kind: 'runs-alone', object: { type, name, command: 'drop' }, repeatable: false };
}
