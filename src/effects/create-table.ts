import { type Catalog, creationSchema, defaultPartition, descendants, keyOf, resolve } from '../catalog/catalog.ts';
import type { ActionOf, ConstraintDef } from '../sql/action.ts';
import { defaultCondition } from './bounds.ts';
import type { Collector } from './collector.ts';
import { checkDefault } from './partitions.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';
const SRX = 'ShareRowExclusiveLock';

export function createTableEffects(out: Collector, catalog: Catalog, action: ActionOf<'create-table'>): void {
  const own = keyOf(creationSchema(catalog, action.name), action.name.name);
  if (action.ifNotExists && catalog.relations.has(own)) return;
  const constraints: ConstraintDef[] = [
    ...action.constraints,
    ...action.columns.flatMap((column) => column.constraints),
  ];
  for (const constraint of constraints) {
    if (constraint.kind !== 'foreign-key' || resolve(catalog, constraint.references) === own) continue;
    out.name(constraint.references, SRX, 'the new foreign key points to it');
    const referenced = out.table(constraint.references);
    for (const partition of referenced === null ? [] : descendants(referenced))
      out.relation(partition, SRX, 'the new foreign key points to it');
  }
  for (const { table } of action.like) out.name(table, 'AccessShareLock', 'LIKE copies its columns');
  for (const name of action.inherits) out.name(name, SUX, 'becomes the parent');
  if (action.partitionOf === null) return;
  const parent = out.table(action.partitionOf.parent);
  out.name(action.partitionOf.parent, AX, 'gets a new partition');
  const other = defaultPartition(parent);
  if (parent !== null && other !== null) checkDefault(out, other, defaultCondition(parent, action.partitionOf.bound));
  for (const { references } of parent?.constraints.values() ?? []) {
    if (references === null) continue;
    for (const referenced of [references, ...descendants(references)])
      out.relation(referenced, SRX, 'a foreign key that the new partition gets points to it');
  }
}
