/** What a server knows of its tables; the linter judges sizes and traffic by it. */
export interface Facts {
  /** By `schema.name`: tables and materialized views. A partitioned table has those of its partitions together. */
  readonly tables: ReadonlyMap<string, TableFacts>;
}

/** Null is what is not known: it is never taken for little. */
export interface TableFacts {
  /** As the server estimates them; null for a table that was never analysed. */
  readonly rows: number | null;
  /** The rows with what lies in TOAST, without indexes. */
  readonly bytes: number | null;
  /** The rows without what lies in TOAST. */
  readonly heapBytes: number | null;
  readonly indexBytes: number | null;
  /** Rows inserted, updated and deleted. */
  readonly writesPerSecond: number | null;
}

/** The table that is written most, where any is written at all. */
export function busiestTable({ tables }: Facts): { readonly table: string; readonly writesPerSecond: number } | null {
  let busiest: { table: string; writesPerSecond: number } | null = null;
  for (const [table, { writesPerSecond }] of tables)
    if (writesPerSecond !== null && writesPerSecond > (busiest?.writesPerSecond ?? 0))
      busiest = { table, writesPerSecond };
  return busiest;
}
