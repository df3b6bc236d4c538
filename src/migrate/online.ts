import type { Action, AlterCommand, Name } from '../sql/action.ts';

/**
 * A statement that works in several transactions of its own and waits for everyone who can see the old state. An expiring lock_timeout or
 * statement_timeout would end that wait too, and leave an invalid index or a half-detached partition behind.
 */
export type OnlineWork =
  | { readonly kind: 'create-index'; readonly table: Name; readonly index: string | null }
  | { readonly kind: 'drop-index'; readonly indexes: readonly Name[] }
  /** `name` null: all tables of the schema, or with that null too of the database. */
  | { readonly kind: 'reindex'; readonly name: Name | null; readonly schema: string | null }
  | { readonly kind: 'detach-partition'; readonly parent: Name; readonly partition: Name };

export function onlineWork(action: Action): OnlineWork | null {
  if (action.kind === 'create-index' && action.concurrently) {
    return { kind: 'create-index', table: action.table, index: action.name };
  }
  if (action.kind === 'drop-relation' && action.relationKind === 'index' && action.concurrently) {
    return { kind: 'drop-index', indexes: action.names };
  }
  if (action.kind === 'reindex' && action.concurrently) {
    return { kind: 'reindex', name: action.name, schema: action.schema };
  }
  if (action.kind === 'alter-table') {
    const detach = action.commands.find(detachesConcurrently);
    if (detach !== undefined) return { kind: 'detach-partition', parent: action.name, partition: detach.partition };
  }
  return null;
}

function detachesConcurrently(
  command: AlterCommand,
): command is Extract<AlterCommand, { readonly kind: 'detach-partition' }> {
  return command.kind === 'detach-partition' && command.mode === 'concurrently';
}

/** Statements outside of a transaction that may simply run again, whether or not they ran to their end before. */
export function isRepeatable(action: Action): boolean {
  switch (action.kind) {
    case 'vacuum':
    case 'cluster':
    case 'discard':
    case 'reindex':
      return true;
    case 'explain':
      return !action.analyze || isRepeatable(action.action);
    case 'runs-alone':
      return action.repeatable;
    default:
      return false;
  }
}
