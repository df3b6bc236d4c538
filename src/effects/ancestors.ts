import type { Table } from '../catalog/catalog.ts';

/** The partitioned tables above one. */
export function ancestors(table: Table | null): Table[] {
  if (table === null || table.bound === null) return [];
  return [...table.parents].flatMap((parent) => [parent, ...ancestors(parent)]);
}
