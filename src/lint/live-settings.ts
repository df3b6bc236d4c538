/** What the facts of a server mean for findings. */
export interface LiveSettings {
  /** A table is tiny with at most so many rows, and at most so many bytes. */
  readonly tinyRows: number;
  readonly tinyBytes: number;
  /** From so many writes on a table is hot. */
  readonly hotWritesPerSecond: number;
  /** MB/s (of 1024 × 1024 bytes) between which a server works through a table, slowest first. */
  readonly throughput: Readonly<Record<WorkKind, readonly [number, number]>>;
}

/** A scan and an index build read the heap; a rewrite writes table, TOAST and indexes anew. */
export type WorkKind = 'scan' | 'indexBuild' | 'rewrite';

/**
 * A range of 1 to 4, since it depends on disks, cache, settings and neighbours. Measured on PostgreSQL 18, 2 busy cores, a table of 130 MB
 * (1.3 million rows) with 1 to 3 indexes, twice each: SET NOT NULL and CHECK 156 to 1,430 MB/s from cache, where the plainest volume of a
 * cloud reads 125 MB/s; FOREIGN KEY 142 to 595; CREATE INDEX on numbers 72 to 169, on text 31 to 85, CONCURRENTLY 55 to 59 of what it
 * reads; a change of type and VACUUM FULL 27 to 55 of table and indexes. A CHECK by a regular expression, at 19 to 66, is slower than told.
 */
export const DEFAULT_LIVE: LiveSettings = {
  tinyRows: 1_000,
  tinyBytes: 1_048_576,
  hotWritesPerSecond: 50,
  throughput: { scan: [120, 480], indexBuild: [30, 120], rewrite: [20, 80] },
};
