import { endsTransaction } from '../catalog/code.ts';
import type { Action } from '../sql/action.ts';

/** True for a statement that PostgreSQL refuses inside a transaction block. */
export function runsAlone(action: Action): boolean {
  switch (action.kind) {
    case 'create-index':
    case 'drop-relation':
      return action.concurrently;
    case 'reindex':
      return action.concurrently || !['index', 'table'].includes(action.target);
    case 'alter-table':
      return action.commands.some((command) => command.kind === 'detach-partition' && command.mode === 'concurrently');
    case 'vacuum':
      return true;
    case 'cluster':
      return action.table === null;
    case 'discard':
      return action.what === 'all';
    case 'runs-alone':
      return true;
    case 'do':
      return endsTransaction(action);
    default:
      return false;
  }
}

/** A VALIDATE under locks that earlier statements of its transaction took holds up traffic for as long as it scans. */
function shouldNotShare(action: Action): boolean {
  return action.kind === 'alter-table' && action.commands.some((command) => command.kind === 'validate-constraint');
}

/** A new enum value cannot be used by the transaction that added it. */
function addsEnumValue(action: Action): boolean {
  return action.kind === 'alter-enum' && action.command === 'add-value';
}

/**
 * How the runner executes a file: all of it in one transaction when it can, or each statement on its own because something in it cannot or
 * should not share one.
 */
export function fileTransaction(actions: readonly Action[]): 'file' | 'statement' {
  if (actions.some(runsAlone)) return 'statement';
  if (actions.length > 1 && actions.some((action) => shouldNotShare(action) || addsEnumValue(action)))
    return 'statement';
  return 'file';
}
