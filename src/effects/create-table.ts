import { type Catalog, creationSchema, defaultPartition, keyOf, resolve } from '../catalog/catalog.ts';
import type { ActionOf, ConstraintDef } from '../sql/action.ts';
import { defaultCondition } from './bounds.ts';
import type { Collector } from './collector.ts';
import { pointTo, pointToNamed } from './foreign-keys.ts';
import { checkDefault, lockPointers } from './partitions.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function createTableEffects(
  out: Collector,
  catalog: Catalog,
  version: number,
  action: ActionOf<'create-table'>,
): void {
  const own = keyOf(creationSchema(catalog, action.name), action.name.name);
  if (action.ifNotExists && catalog.relations.has(own)) return;
  const constraints: ConstraintDef[] = [
    ...action.constraints,
    ...action.columns.flatMap((column) => column.constraints),
  ];
  for (const constraint of constraints) {
    if (constraint.kind !== 'foreign-key' || resolve(catalog, constraint.references) === own) continue;
    pointToNamed({ out, catalog }, constraint, 'the new foreign key points to it', false);
  }
  for (const { table } of action.like) out.name(table, 'AccessShareLock', 'LIKE copies its columns');
  for (const name of action.inherits) out.name(name, SUX, 'becomes the parent');
  if (action.partitionOf === null) return;
  const parent = out.table(action.partitionOf.parent);
  out.name(action.partitionOf.parent, AX, 'gets a new partition');
  const other = defaultPartition(parent);
  if (parent !== null && other !== null) checkDefault(out, other, defaultCondition(parent, action.partitionOf.bound));
  for (const { references } of parent?.constraints.values() ?? []) {
    if (references !== null) pointTo(out, references, 'a foreign key that the new partition gets points to it', false);
  }
  if (parent !== null) lockPointers({ out, version }, parent);
}
