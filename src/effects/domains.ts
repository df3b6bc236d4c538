import { type Catalog, typeKey } from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

export function alterDomainEffects(out: Collector, catalog: Catalog, action: ActionOf<'alter-domain'>): void {
  if (action.command === 'other' || action.command === 'add-constraint-not-valid') return;
  const key = typeKey(catalog, action.name);
  for (const relation of catalog.relations.values()) {
    if (relation.kind !== 'table') continue;
    const uses = [...relation.columns.values()].some((column) => typeKey(catalog, column.type) === key);
    if (uses) out.relation(relation, 'ShareLock', 'a column of the domain is checked, row by row', { scan: true });
  }
}
