import type { PartitionBound } from '../sql/action.ts';
import type { Catalog, Table } from './catalog.ts';
import { inheritConstraints } from './constraints.ts';
import { addPartitionIndex } from './partition-index.ts';
import { link, unlink } from './relations.ts';

/** Makes a table a partition: it gets what its partitioned table asks for and it does not have. */
export function attach(catalog: Catalog, parent: Table, partition: Table, bound: PartitionBound): void {
  link(parent, partition);
  partition.bound = bound;
  inheritConstraints(catalog, parent, partition);
  inheritIndexes(catalog, parent, partition);
}

function inheritIndexes(catalog: Catalog, parent: Table, partition: Table): void {
  for (const index of parent.indexes) {
    if (![...partition.indexes].some((own) => own.parent === index)) addPartitionIndex(catalog, partition, index, null);
  }
  for (const child of partition.children) inheritIndexes(catalog, partition, child);
}

/** A partition that leaves keeps what it got. */
export function detach(parent: Table, partition: Table): void {
  unlink(parent, partition);
  partition.bound = null;
  for (const index of partition.indexes) index.parent = null;
  for (const constraint of partition.constraints.values()) constraint.inherited = false;
}
