import { type Catalog, findTable, isPartitioned, type Table } from '../catalog/catalog.ts';
import type { Name } from '../sql/action.ts';

/** The table, where it is known to be partitioned. */
export function partitionedTable(catalog: Catalog, name: Name): Table | null {
  const table = findTable(catalog, name);
  return isPartitioned(table) ? table : null;
}
