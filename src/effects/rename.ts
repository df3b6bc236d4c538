import { descendants, isPartitioned } from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function renameEffects(out: Collector, action: ActionOf<'rename'>, version: number): void {
  // ALTER INDEX … RENAME is gentle; ALTER TABLE … RENAME on an index is not.
  out.name(action.relation, action.what === 'index' ? SUX : AX, 'RENAME changes the catalog only');
  const table = out.table(action.relation);
  if (table === null) return;
  if (action.what === 'trigger' && version >= 15 && isPartitioned(table)) {
    for (const partition of descendants(table))
      out.relation(partition, AX, 'its part of the trigger is renamed as well');
  }
  const constraint = action.what === 'constraint' ? table.constraints.get(action.from) : undefined;
  const inherited = (constraint?.kind === 'check' || constraint?.kind === 'not-null') && !constraint.noInherit;
  if (action.what !== 'column' && !inherited) return;
  for (const child of descendants(table))
    out.relation(child, AX, `the ${action.what} of a partition or child of ${table.name} is renamed as well`);
}

export function setSchemaEffects(out: Collector, { relation }: ActionOf<'set-schema'>): void {
  out.name(relation, AX, 'SET SCHEMA changes the catalog only');
  for (const sequence of out.table(relation)?.sequences ?? []) out.relation(sequence, AX, 'moves with its table');
}
