import { type Catalog, emptyCatalog, resetSession } from '../catalog/catalog.ts';
import { fold } from '../catalog/fold.ts';
import type { Facts, TableFacts } from './facts.ts';
import { parseScript } from '../sql/script.ts';

/** The version of the document that `tiptoe snapshot` writes. */
export const SNAPSHOT_VERSION = 1;

/**
 * What the linter wants to know of a server, at one moment: the schema, sizes and traffic, and no row. It is the document of `tiptoe
 * snapshot` as well.
 */
export interface Snapshot {
  readonly format: 'tiptoe-facts';
  readonly version: typeof SNAPSHOT_VERSION;
  /** By the server's clock, in UTC. */
  readonly takenAt: string;
  /** The major version. */
  readonly pgVersion: number;
  /** Since when writes were counted, in UTC; null where they are not known. */
  readonly writesSince: string | null;
  /** What could not be read, and why. */
  readonly unseen: readonly string[];
  readonly schema: {
    readonly searchPath: readonly string[];
    readonly timeZone: string;
    /** SQL, in an order in which it could be run. */
    readonly definitions: readonly string[];
  };
  /** By name. */
  readonly tables: readonly SnapshotTable[];
}

export interface SnapshotTable extends TableFacts {
  /** `schema.name`, as it is, without quotes. */
  readonly table: string;
  readonly kind: 'table' | 'partitioned-table' | 'materialized-view';
  /** The partitioned table that it is a part of. */
  readonly partitionOf: string | null;
}

/** The schema as the state before the first file; the parser must be loaded. */
export function schemaOf({ schema: { searchPath, timeZone, definitions } }: Pick<Snapshot, 'schema'>): Catalog {
  const catalog = emptyCatalog();
  for (const { action } of parseScript('the server', definitions.join(';\n')).statements) fold(catalog, action);
  catalog.session = { searchPath, settings: new Map([['timezone', timeZone]]) };
  resetSession(catalog);
  catalog.whole = true;
  return catalog;
}

/** The facts of each table; those of a partitioned one are the sums of its partitions, as far as all of them are known. */
export function factsOf({ tables }: Pick<Snapshot, 'tables'>): Facts {
  const partsOf = new Map<string, SnapshotTable[]>();
  for (const table of tables)
    if (table.partitionOf !== null) partsOf.set(table.partitionOf, [...(partsOf.get(table.partitionOf) ?? []), table]);
  const known = new Map<string, TableFacts>();
  const factsOf = (table: SnapshotTable, above: ReadonlySet<string>): TableFacts => {
    const { rows, bytes, heapBytes, indexBytes, writesPerSecond } = table;
    if (table.kind !== 'partitioned-table') return { rows, bytes, heapBytes, indexBytes, writesPerSecond };
    const inside = new Set([...above, table.table]);
    const parts = (partsOf.get(table.table) ?? [])
      .filter((part) => !inside.has(part.table))
      .map((part) => known.get(part.table) ?? factsOf(part, inside));
    const sum = (of: (part: TableFacts) => number | null): number | null =>
      parts.reduce<number | null>((total, part) => {
        const value = of(part);
        return total === null || value === null ? null : total + value;
      }, 0);
    return {
      // A partition for a month to come has no page, and so no row, though nobody ever counted them.
      rows: sum((part) => (part.heapBytes === 0 ? 0 : part.rows)),
      bytes: sum((part) => part.bytes),
      heapBytes: sum((part) => part.heapBytes),
      indexBytes: sum((part) => part.indexBytes),
      writesPerSecond: sum((part) => part.writesPerSecond),
    };
  };
  for (const table of tables) known.set(table.table, factsOf(table, new Set()));
  return { tables: known };
}

/** The document as it is kept: the same facts are the same text. */
export function snapshotText(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot, null, 2)}\n`;
}
