import { type Catalog, descendants, isPartitioned, type Relation } from '../catalog/catalog.ts';
import { statisticsKey } from '../catalog/publications.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const SUX = 'ShareUpdateExclusiveLock';

export function publicationEffects(
  out: Collector,
  catalog: Catalog,
  action: ActionOf<'create-publication' | 'alter-publication'>,
): void {
  const because = 'the publication sends it, or did';
  for (const name of action.content.tables) {
    out.name(name, SUX, because);
    const table = out.table(name);
    // A partitioned table speaks for its partitions.
    if (table === null || name.only || isPartitioned(table)) continue;
    for (const child of descendants(table)) out.relation(child, SUX, because);
  }
  if (action.kind === 'create-publication' || action.command !== 'set') return;
  for (const relation of catalog.publications.get(action.name)?.tables.keys() ?? [])
    out.relation(relation, SUX, because);
}

export function dropStatisticsEffects(out: Collector, catalog: Catalog, { names }: ActionOf<'drop-statistics'>): void {
  for (const name of names) {
    const tables: readonly Relation[] | undefined = catalog.statistics.get(statisticsKey(catalog, name));
    if (tables === undefined) out.unnamed(`the table of ${name.name}`, SUX, 'DROP STATISTICS locks it');
    for (const table of tables ?? []) out.relation(table, SUX, 'its statistics go');
  }
}
