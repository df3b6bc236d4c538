import { endsTransaction } from '../catalog/code.ts';
import { findIndex, findTable, isPartitioned, type Catalog } from '../catalog/catalog.ts';
import type { Action, Name } from '../sql/action.ts';

/** The relation of a statement that commits after each partition, where it is partitioned. */
export function worksByPartition(action: Action): Name | null {
  if (action.kind === 'reindex') return action.name;
  return action.kind === 'cluster' ? action.table : null;
}

/** Whether a table or an index of that name is known to be partitioned. */
export function isPartitionedName(catalog: Catalog, name: Name): boolean {
  const relation = findIndex(catalog, name)?.table ?? findTable(catalog, name);
  return relation?.kind === 'table' && isPartitioned(relation);
}

/** True for a statement that PostgreSQL refuses inside a transaction block, as far as it shows by itself. */
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

/** True for a statement that PostgreSQL refuses inside a transaction block, with what is known of its relation. */
export function runsAloneHere(catalog: Catalog, action: Action): boolean {
  const name = worksByPartition(action);
  return runsAlone(action) || (name !== null && isPartitionedName(catalog, name));
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
