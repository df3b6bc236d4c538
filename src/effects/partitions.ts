import { defaultPartition, descendants, findIndex, indexLike, isPartitioned, type Table } from '../catalog/catalog.ts';
import { foreignKeyLike } from '../catalog/constraints.ts';
import type { AlterCommand, Condition } from '../sql/action.ts';
import { defaultCondition, isProved, partitionCondition } from './bounds.ts';
import { ancestors } from './ancestors.ts';
import type { Collector } from './collector.ts';
import { foreignKeysPointingTo, pointTo, unpoint } from './foreign-keys.ts';
import type { Context, Impact } from './subcommand.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function attachPartition(
  context: Context,
  command: Extract<AlterCommand, { kind: 'attach-partition' }>,
): Impact {
  const { out, table, catalog, action } = context;
  const index = findIndex(catalog, action.name);
  if (action.relationKind === 'index' || index !== null) {
    out.name(command.partition, AX, 'becomes a part of the index');
    for (const name of [action.name, command.partition]) {
      const named = findIndex(catalog, name);
      if (named !== null) out.relation(named.table, 'AccessShareLock', 'the index is its');
    }
    return { lock: SUX, recurses: false, because: 'ATTACH PARTITION of an index reads no row' };
  }
  const partition = out.table(command.partition);
  const checks = 'ATTACH PARTITION checks every row of the new partition';
  if (table === null || partition === null) out.name(command.partition, AX, checks, { scan: true });
  else {
    checkRows(out, partition, partitionCondition(table, command.bound, partition), {
      checked: checks,
      proved: 'its constraints prove that every row belongs here',
    });
    takeOver(context, table, partition);
    lockPointers(context, table);
  }
  for (const ancestor of ancestors(table)) out.relation(ancestor, 'AccessShareLock', 'its bounds hold here too');
  const other = defaultPartition(table);
  if (table !== null && other !== null && other !== partition)
    checkDefault(out, other, defaultCondition(table, command.bound));
  return { lock: SUX, recurses: false, because: 'ATTACH PARTITION lets traffic on the partitioned table go on' };
}

/** The default partition must hold no row that a new partition is for. */
export function checkDefault(out: Collector, partition: Table, condition: Condition): void {
  checkRows(out, partition, condition, {
    checked: 'the default partition must hold no row of the new one',
    proved: 'the constraints of the default partition prove that it holds no row of the new one',
  });
}

/** A partition that is partitioned itself is judged by its own constraints first, then partition by partition. */
function checkRows(
  out: Collector,
  table: Table,
  condition: Condition,
  because: { readonly checked: string; readonly proved: string },
): void {
  const proved = isProved(table, condition);
  const scan = !proved && !isPartitioned(table);
  out.relation(table, AX, proved ? because.proved : because.checked, { scan });
  for (const child of descendants(table)) {
    const own = proved || isProved(child, condition);
    out.relation(child, AX, own ? because.proved : because.checked, { scan: !own && !isPartitioned(child) });
  }
}

/** What a new partition lacks of its partitioned table is made: indexes over all of its rows, foreign keys that are checked. */
function takeOver(context: Context, table: Table, partition: Table): void {
  const { out } = context;
  for (const target of [partition, ...descendants(partition)]) {
    if (isPartitioned(target)) continue;
    const missing = [...table.indexes].filter((index) => indexLike(target, index) === undefined);
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ');
      out.relation(target, AX, `ATTACH PARTITION builds what matches ${names} of the partitioned table`, {
        indexBuild: true,
      });
    }
  }
  for (const constraint of table.constraints.values()) {
    const { references } = constraint;
    if (references === null) continue;
    const because = 'a foreign key of the partitioned table points to it';
    const own = foreignKeyLike(partition, constraint);
    pointTo(out, references, because, own === undefined);
    if (own === undefined)
      out.relation(partition, AX, 'the foreign keys of the partitioned table are checked', {
        scan: !isPartitioned(partition),
      });
    else unpoint(context, constraint, because);
  }
}

/** A new partition is pointed to by the foreign keys that point to its partitioned table. */
export function lockPointers({ out, version }: Pick<Context, 'out' | 'version'>, table: Table): void {
  for (const { owner } of foreignKeysPointingTo(table))
    out.relation(
      owner,
      version >= 15 ? 'ShareRowExclusiveLock' : 'AccessShareLock',
      'its foreign key points to the new partition as well',
    );
}

export function detachPartition(
  { out, table, version }: Context,
  command: Extract<AlterCommand, { kind: 'detach-partition' }>,
): Impact {
  const gentle = command.mode !== 'plain';
  // CONCURRENTLY and FINALIZE lock the partition when nobody uses it as one any more: DetachPartitionFinalize in tablecmds.c.
  const partition = out.table(command.partition);
  const foreignKeys = [...(partition?.constraints.values() ?? [])].filter(({ references }) => references !== null);
  out.name(command.partition, version >= 14 || foreignKeys.length > 0 ? AX : SUX, 'is detached');
  for (const { references } of foreignKeys) {
    // Before 15 a partitioned table has no trigger for it.
    if (references !== null && (version >= 15 || !isPartitioned(references)))
      pointTo(out, references, 'the foreign key of the partition is its own from now on', false);
  }
  for (const child of partition === null ? [] : descendants(partition))
    out.relation(child, AX, 'leaves with its parent');
  const other = defaultPartition(table);
  if (!gentle && other !== null) out.relation(other, AX, 'the default partition gets new bounds');
  return {
    lock: gentle ? SUX : AX,
    recurses: false,
    because: gentle ? 'DETACH … CONCURRENTLY lets traffic go on' : 'DETACH PARTITION changes the partitioned table',
  };
}
