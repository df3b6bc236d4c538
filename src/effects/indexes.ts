import {
  allTables,
  type Catalog,
  computedFrom,
  creationSchema,
  descendants,
  findIndex,
  type Index,
  indexLike,
  isPartitioned,
  keyOf,
  materializedViews,
  resolve,
  type Table,
  type View,
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

function isPartOf({ parent }: Index, whole: Index): boolean {
  return parent !== null && (parent === whole || isPartOf(parent, whole));
}

/** A table that the history does not make may have indexes. */
function isUnknown(relation: Table | View): boolean {
  return relation.kind === 'table' && relation.accessMethod === null;
}

export function reindexEffects(out: Collector, catalog: Catalog, action: ActionOf<'reindex'>): void {
  const { target, name, schema, concurrently } = action;
  // The system's own tables are nobody's traffic.
  if (target === 'system') return;
  const lock = concurrently ? SUX : 'ShareLock';
  const because = concurrently
    ? 'REINDEX … CONCURRENTLY lets writes go on'
    : 'REINDEX reads every row while writes wait';
  const work = { indexBuild: true, online: concurrently };
  const rebuild = (relation: Table | View): void => {
    if (relation.kind === 'table' && isPartitioned(relation)) reindexPartitions(relation);
    else
      out.relation(relation, lock, because, isUnknown(relation) || [...relation.indexes].some(isRebuilt) ? work : {});
  };
  // CONCURRENTLY leaves out what belongs to an exclusion constraint.
  const isRebuilt = ({ table, name }: Index): boolean =>
    !concurrently || table.kind !== 'table' || table.constraints.get(name)?.kind !== 'exclude';
  const reindexPartitions = (table: Table): void => {
    out.relation(table, lock, 'its partitions get new indexes');
    for (const partition of descendants(table)) {
      // Their list is made under this lock, also for CONCURRENTLY: ReindexPartitions in indexcmds.c.
      out.relation(partition, 'ShareLock', 'every partition is locked for a moment while they are listed');
      if (!isPartitioned(partition)) rebuild(partition);
    }
  };

  if (name === null) {
    const all = [...allTables(catalog), ...materializedViews(catalog)].filter(
      (relation) =>
        (schema === null || relation.schema === schema) && !(relation.kind === 'table' && isPartitioned(relation)),
    );
    if (all.length === 0) out.notUnderstood(`REINDEX ${target.toUpperCase()} builds every index in it anew`);
    for (const relation of all) rebuild(relation);
    return;
  }
  if (target === 'table') {
    const relation = catalog.relations.get(resolve(catalog, name));
    if (relation?.kind === 'table' || relation?.kind === 'materialized-view') rebuild(relation);
    else out.name(name, lock, because, work);
    return;
  }
  const index = findIndex(catalog, name);
  if (index === null) out.unnamed(`the table of ${spelled(name)}`, lock, because, work);
  else if (index.table.kind === 'table' && isPartitioned(index.table)) {
    out.relation(index.table, lock, 'the indexes of its partitions are built anew');
    for (const partition of descendants(index.table))
      if (!isPartitioned(partition) && [...partition.indexes].some((own) => isPartOf(own, index)))
        out.relation(partition, lock, because, work);
  } else out.relation(index.table, lock, because, work);
  out.name(name, concurrently ? SUX : AX, 'a locked index stops nearly every query of the table at planning');
}
