import { type Catalog, creationSchema, keyOf, resolve } from '../catalog/catalog.ts';
import type { ActionOf, ConstraintDef } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function createTableEffects(out: Collector, catalog: Catalog, action: ActionOf<'create-table'>): void {
  const own = keyOf(creationSchema(catalog, action.name), action.name.name);
  const constraints: ConstraintDef[] = [
    ...action.constraints,
    ...action.columns.flatMap((column) => column.constraints),
  ];
  for (const constraint of constraints) {
    if (constraint.kind !== 'foreign-key') continue;
    if (resolve(catalog, constraint.references) !== own)
      out.name(constraint.references, 'ShareRowExclusiveLock', 'the new foreign key points to it');
  }
  for (const name of action.like) out.name(name, 'AccessShareLock', 'LIKE copies its columns');
  for (const name of action.inherits) out.name(name, SUX, 'becomes the parent');
  if (action.partitionOf === null) return;
  const parent = out.table(action.partitionOf.parent);
  out.name(action.partitionOf.parent, AX, 'gets a new partition');
  for (const sibling of parent?.children ?? []) {
    if (sibling.isDefaultPartition)
      out.relation(sibling, AX, 'the default partition must hold no row of the new one', { scan: true });
  }
}
