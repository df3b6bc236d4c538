import { expect, test } from 'vitest';
import { factsOf, type SnapshotTable } from '../../src/lint/snapshot.ts';

function table(name: string, more: Partial<SnapshotTable>): SnapshotTable {
  const known = { rows: 10, bytes: 16_384, heapBytes: 8_192, indexBytes: 4_096, writesPerSecond: 2 };
  return { table: name, kind: 'table', partitionOf: null, ...known, ...more };
}

const parent = (name: string, partitionOf: string | null = null): SnapshotTable =>
  table(name, { kind: 'partitioned-table', partitionOf, rows: 0, bytes: 0, heapBytes: 0, indexBytes: 0 });

test('a partitioned table is the sum of its leaves, however deep', () => {
  const { tables } = factsOf({
    tables: [
      parent('a.all'),
      parent('a.year', 'a.all'),
      table('a.month', { partitionOf: 'a.year' }),
      table('a.other', { partitionOf: 'a.all', rows: 5 }),
    ],
  });
  expect(tables.get('a.all')).toEqual({
    rows: 15,
    bytes: 32_768,
    heapBytes: 16_384,
    indexBytes: 8_192,
    writesPerSecond: 4,
  });
  expect(tables.get('a.year')).toMatchObject({ rows: 10 });
});

test('what is not known of one partition is not known of the whole, unless that has no page', () => {
  const rowsWith = (heapBytes: number): number | null | undefined =>
    factsOf({
      tables: [
        parent('a.all'),
        table('a.old', { partitionOf: 'a.all' }),
        table('a.new', { partitionOf: 'a.all', rows: null, heapBytes }),
      ],
    }).tables.get('a.all')?.rows;
  expect(rowsWith(0)).toBe(10);
  expect(rowsWith(8_192)).toBeNull();
});

test('partitions in a circle, as no server has them, end', () => {
  const { tables } = factsOf({ tables: [parent('a.one', 'a.two'), parent('a.two', 'a.one')] });
  expect(tables.get('a.one')).toMatchObject({ rows: 0 });
});
