import {
  type Catalog,
  computedFrom,
  creationSchema,
  descendants,
  findIndex,
  indexLike,
  isPartitioned,
  keyOf,
} from '../catalog/catalog.ts';
import type { ActionOf, Name } from '../sql/action.ts';
import { type Collector, spelled } from './collector.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function createIndexEffects(out: Collector, catalog: Catalog, action: ActionOf<'create-index'>): void {
  const table = out.table(action.table);
  const schema = table?.schema ?? creationSchema(catalog, action.table);
  if (action.ifNotExists && action.name !== null && catalog.relations.has(keyOf(schema, action.name))) {
    out.name(action.table, action.concurrently ? SUX : 'ShareLock', 'the index is there already');
    return;
  }
  if (action.concurrently) {
    out.name(action.table, SUX, 'CREATE INDEX CONCURRENTLY lets writes go on', { indexBuild: true, online: true });
    return;
  }
  // On a partitioned table itself there is nothing to build; its partitions get indexes of their own unless ONLY says no.
  const build = !isPartitioned(table) && !(action.only && table === null);
  const because = build ? 'CREATE INDEX reads every row while writes wait' : 'makes the index of the partitioned table';
  out.name(action.table, 'ShareLock', because, { indexBuild: build });
  if (action.only || table === null || table.partitionBy === null) return;
  for (const child of descendants(table)) {
    const taken =
      isPartitioned(child) ||
      indexLike(child, {
        unique: action.unique,
        method: action.method,
        columns: action.columns,
        computedFrom: computedFrom(action),
      }) !== undefined;
    out.relation(
      child,
      'ShareLock',
      taken ? 'a partition, whose index is there' : 'a partition, whose index is built as well',
      { indexBuild: !taken },
    );
  }
}

export function dropIndexEffects(out: Collector, catalog: Catalog, name: Name, concurrently: boolean): void {
  const lock = concurrently ? SUX : AX;
  const index = findIndex(catalog, name);
  if (index === null)
    out.unnamed(`the table of ${spelled(name)}`, lock, `DROP INDEX locks the index's table, which is not known here`);
  else
    out.relation(index.table, lock, `DROP INDEX locks the index's table as well`, {
      online: concurrently,
    });
  out.name(name, lock, `DROP INDEX removes it`, { online: concurrently });
}

export function reindexEffects(out: Collector, catalog: Catalog, action: ActionOf<'reindex'>): void {
  if (action.name === null) {
    out.notUnderstood(`REINDEX ${action.target.toUpperCase()} builds every index in it anew`);
    return;
  }
  const work = { indexBuild: true, online: action.concurrently };
  const lock = action.concurrently ? SUX : 'ShareLock';
  const because = action.concurrently
    ? 'REINDEX … CONCURRENTLY lets writes go on'
    : 'REINDEX reads every row while writes wait';
  if (action.target === 'table') {
    out.name(action.name, lock, because, work);
    return;
  }
  const index = findIndex(catalog, action.name);
  if (index === null) out.unnamed(`the table of ${spelled(action.name)}`, lock, because, work);
  else out.relation(index.table, lock, because, work);
  out.name(
    action.name,
    action.concurrently ? SUX : AX,
    'a locked index stops nearly every query of the table at planning',
  );
}
