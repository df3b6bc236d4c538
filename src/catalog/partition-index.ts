import type { Name } from '../sql/action.ts';
import { type Catalog, type Index, indexLike, type Table } from './catalog.ts';
import { ownRelationName } from './own-name.ts';
import { addIndex } from './relations.ts';

/** The partition's part of an index: one of its own that is like it, or a new one. */
export function addPartitionIndex(
  catalog: Catalog,
  partition: Table,
  parent: Index,
  key: 'unique' | 'primary-key' | 'exclude' | null,
): Index {
  const own = indexLike(partition, parent) ?? newPartitionIndex(catalog, partition, parent, key);
  own.parent = parent;
  return own;
}

const SUFFIXES = { unique: 'key', 'primary-key': 'pkey', exclude: 'excl' } as const;

function newPartitionIndex(
  catalog: Catalog,
  partition: Table,
  parent: Index,
  key: 'unique' | 'primary-key' | 'exclude' | null,
): Index {
  const { unique, method, nameParts, columns, computedFrom } = parent;
  const named = key === 'primary-key' ? [] : nameParts;
  const name = ownRelationName(catalog, partition, named, key === null ? 'idx' : SUFFIXES[key]);
  return addIndex(catalog, partition, { name, unique, method, nameParts, columns, computedFrom });
}

/** ALTER INDEX … ATTACH PARTITION */
export function attachIndex(catalog: Catalog, parent: Index, name: Name): void {
  for (const index of catalog.relations.values()) {
    if (index.kind === 'index' && index.name === name.name && (name.schema === null || index.schema === name.schema))
      index.parent = parent;
  }
}
