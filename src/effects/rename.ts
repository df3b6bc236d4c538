import { descendants } from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function renameEffects(out: Collector, action: ActionOf<'rename'>): void {
  // ALTER INDEX … RENAME is gentle; ALTER TABLE … RENAME on an index is not.
  out.name(action.relation, action.what === 'index' ? SUX : AX, 'RENAME changes the catalog only');
  const table = out.table(action.relation);
  if (action.what !== 'column' || table === null) return;
  for (const child of descendants(table))
    out.relation(child, AX, `the column of a partition or child of ${table.name} is renamed as well`);
}

export function setSchemaEffects(out: Collector, { relation }: ActionOf<'set-schema'>): void {
  out.name(relation, AX, 'SET SCHEMA changes the catalog only');
  for (const sequence of out.table(relation)?.sequences ?? []) out.relation(sequence, AX, 'moves with its table');
}
