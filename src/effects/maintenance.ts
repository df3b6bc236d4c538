import { type Catalog, resolve } from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import { sourceEffects } from './queries.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function clusterEffects(out: Collector, { table }: ActionOf<'cluster'>): void {
  if (table === null) out.notUnderstood('CLUSTER without a table writes every clustered table anew');
  else out.name(table, AX, 'CLUSTER writes the table anew in the order of an index', { rewrite: true });
}

export function vacuumEffects(out: Collector, { tables, full }: ActionOf<'vacuum'>): void {
  if (full && tables.length === 0) out.notUnderstood('VACUUM FULL without a table writes every table anew');
  for (const table of tables) {
    if (full) out.name(table, AX, 'VACUUM FULL writes the table anew', { rewrite: true });
    else out.name(table, SUX, 'VACUUM lets reads and writes go on', { online: true });
  }
}

export function analyzeEffects(out: Collector, { tables }: ActionOf<'analyze'>): void {
  for (const table of tables) out.name(table, SUX, 'ANALYZE reads a sample', { online: true });
}

export function refreshEffects(
  out: Collector,
  catalog: Catalog,
  { name, concurrently, withData }: ActionOf<'refresh-materialized-view'>,
): void {
  const view = catalog.relations.get(resolve(catalog, name));
  out.main(name);
  if (view?.kind === 'materialized-view' && withData) sourceEffects(out, view);
  if (concurrently) out.name(name, 'ExclusiveLock', 'REFRESH … CONCURRENTLY lets reads go on', { scan: true });
  else
    out.name(name, AX, withData ? 'REFRESH writes the materialized view anew' : 'WITH NO DATA empties it', {
      rewrite: true,
    });
}
