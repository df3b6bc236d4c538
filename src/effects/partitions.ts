import { descendants, findIndex, hasIndexLike } from '../catalog/catalog.ts';
import type { AlterCommand } from '../sql/action.ts';
import type { Context, Impact } from './subcommand.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function attachPartition(
  { out, table, catalog, action }: Context,
  command: Extract<AlterCommand, { kind: 'attach-partition' }>,
): Impact {
  if (action.relationKind === 'index') {
    out.name(command.partition, AX, 'becomes a part of the index');
    for (const name of [action.name, command.partition]) {
      const index = findIndex(catalog, name);
      if (index !== null) out.relation(index.table, 'AccessShareLock', 'the index is its');
    }
    return { lock: SUX, recurses: false, because: 'ATTACH PARTITION of an index reads no row' };
  }
  const partition = out.table(command.partition);
  // A valid CHECK that implies the partition's bounds would spare the scan; bounds are not compared here.
  out.name(command.partition, AX, 'ATTACH PARTITION checks every row of the new partition', { scan: true });
  const missing = [...(table?.indexes ?? [])].filter((index) => partition !== null && !hasIndexLike(partition, index));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    out.name(command.partition, AX, `ATTACH PARTITION builds what matches ${names} of the partitioned table`, {
      indexBuild: true,
    });
  }
  for (const child of partition === null ? [] : descendants(partition))
    out.relation(child, AX, 'is a partition of the table that is attached', { scan: true });
  for (const sibling of table?.children ?? []) {
    if (sibling.isDefaultPartition && sibling !== partition)
      out.relation(sibling, AX, 'the default partition must hold no row of the new one', { scan: true });
  }
  return { lock: SUX, recurses: false, because: 'ATTACH PARTITION lets traffic on the partitioned table go on' };
}

export function detachPartition(
  { out, table, version }: Context,
  command: Extract<AlterCommand, { kind: 'detach-partition' }>,
): Impact {
  const gentle = command.mode !== 'plain';
  // CONCURRENTLY and FINALIZE lock the partition when nobody uses it as one any more: DetachPartitionFinalize in tablecmds.c.
  out.name(command.partition, version >= 14 ? AX : SUX, 'is detached');
  if (!gentle) {
    for (const sibling of table?.children ?? [])
      if (sibling.isDefaultPartition) out.relation(sibling, AX, 'the default partition gets new bounds');
  }
  return {
    lock: gentle ? SUX : AX,
    recurses: false,
    because: gentle ? 'DETACH … CONCURRENTLY lets traffic go on' : 'DETACH PARTITION changes the partitioned table',
  };
}
