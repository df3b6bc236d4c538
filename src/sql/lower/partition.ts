import type { Node, PartitionBoundSpec, PartitionSpec } from '../libpg.ts';
import type { PartitionBound, PartitionKey, RangeEnd } from '../action.ts';
import { constant } from './condition.ts';
import { strings } from './name.ts';

const STRATEGIES = {
  PARTITION_STRATEGY_RANGE: 'range',
  PARTITION_STRATEGY_LIST: 'list',
  PARTITION_STRATEGY_HASH: 'hash',
} as const;

export function partitionKey({ strategy, partParams }: PartitionSpec): PartitionKey {
  return {
    strategy: STRATEGIES[strategy ?? 'PARTITION_STRATEGY_RANGE'],
    columns: (partParams ?? []).flatMap((part) => ('PartitionElem' in part ? [part.PartitionElem.name ?? null] : [])),
  };
}

export function partitionBound(bound: PartitionBoundSpec | undefined): PartitionBound {
  if (bound === undefined || bound.is_default === true) return { kind: 'default' };
  switch (bound.strategy) {
    case 'l':
      return { kind: 'list', values: (bound.listdatums ?? []).map((value) => constant(value) ?? 'unread') };
    case 'r':
      return { kind: 'range', from: rangeEnd(bound.lowerdatums), to: rangeEnd(bound.upperdatums) };
    default:
      return { kind: 'hash' };
  }
}

function rangeEnd(values: readonly Node[] | undefined): RangeEnd {
  return (values ?? []).map((value) => {
    // The grammar has them as columns of that name.
    const word = 'ColumnRef' in value ? strings(value.ColumnRef.fields).at(-1) : undefined;
    return word === 'minvalue' || word === 'maxvalue' ? word : (constant(value) ?? 'unread');
  });
}
