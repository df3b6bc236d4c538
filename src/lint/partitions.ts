import { type Catalog, findTable, type Table } from '../catalog/catalog.ts';
import type { Name } from '../sql/action.ts';

export function isPartitioned(table: Table): boolean {
  return table.partitioned;
}

/** The table, where it is known to be partitioned. */
export function partitionedTable(catalog: Catalog, name: Name): Table | null {
  const table = findTable(catalog, name);
  return table !== null && isPartitioned(table) ? table : null;
}

/** The partition for the rows that no other one takes. */
export function defaultPartition(table: Table): Table | null {
  return [...table.children].find(({ isDefaultPartition }) => isDefaultPartition) ?? null;
}
