import {
  allTables,
  type Catalog,
  descendants,
  isPartitioned,
  materializedViews,
  resolve,
  type Table,
  type View,
} from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import { sourceEffects } from './queries.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function clusterEffects(out: Collector, catalog: Catalog, { table }: ActionOf<'cluster'>): void {
  const work = { rewrite: true };
  if (table !== null) {
    out.name(table, AX, 'CLUSTER writes the table anew in the order of an index', work);
    return;
  }
  const clustered = allTables(catalog).filter((candidate) => candidate.clustered);
  if (clustered.length === 0) out.notUnderstood('CLUSTER without a table writes every clustered table anew');
  for (const each of clustered) out.relation(each, AX, 'CLUSTER writes every clustered table anew', work);
}

export function vacuumEffects(out: Collector, catalog: Catalog, action: ActionOf<'vacuum'>, version: number): void {
  const { tables, full } = action;
  if (action.analyze) analyzeEffects(out, catalog, { ...action, kind: 'analyze' }, version);
  const [lock, because, work] = full
    ? ([AX, 'VACUUM FULL writes the table anew', { rewrite: true }] as const)
    : ([SUX, 'VACUUM lets reads and writes go on', { online: true }] as const);
  const visit = (relation: Table | View): void => {
    const partitioned = relation.kind === 'table' && isPartitioned(relation);
    out.relation(relation, lock, because, partitioned ? {} : work);
  };
  if (tables.length === 0) {
    const all = [...allTables(catalog), ...materializedViews(catalog)];
    if (full && all.length === 0) out.notUnderstood('VACUUM FULL without a table writes every table anew');
    for (const each of all) visit(each);
  }
  for (const name of tables) {
    const table = out.table(name);
    if (table === null) out.name(name, lock, because, work);
    else for (const each of [table, ...(name.only ? [] : visited(table, version))]) visit(each);
  }
}

export function analyzeEffects(out: Collector, catalog: Catalog, action: ActionOf<'analyze'>, version: number): void {
  const because = 'ANALYZE reads a sample';
  const work = { online: true };
  if (action.tables.length === 0)
    for (const table of [...allTables(catalog), ...materializedViews(catalog)]) out.relation(table, SUX, because, work);
  for (const name of action.tables) {
    out.name(name, SUX, because, work);
    const table = out.table(name);
    if (table === null) continue;
    const own = new Set(name.only ? [] : visited(table, version));
    for (const child of descendants(table))
      if (own.has(child)) out.relation(child, SUX, because, work);
      // A partitioned one has no rows, and is let go at once: acquire_inherited_sample_rows in analyze.c.
      else if (!isPartitioned(child))
        out.relation(child, 'AccessShareLock', `a sample of it belongs to that of ${table.name}`);
  }
}

/** What VACUUM and ANALYZE visit below a table: partitions, and from 18 on inheriting tables. */
function visited(table: Table, version: number): Table[] {
  return isPartitioned(table) || version >= 18 ? descendants(table) : [];
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
