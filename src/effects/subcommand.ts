import type { Catalog, Table } from '../catalog/catalog.ts';
import type { LockMode } from '../postgres/lock-mode.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector, Work } from './collector.ts';

/** What one subcommand means, beside what it does to other tables. */
export interface Impact extends Work {
  readonly lock: LockMode;
  readonly because: string;
  /** False for what stays on the named table; `locks` for what locks partitions and inheriting tables without work on them. */
  readonly recurses?: boolean | 'locks';
  /** What it does to a partition or inheriting table, where that depends on the child. */
  readonly workOn?: (child: Table) => Work;
  /** The lock on children, where it is another one. */
  readonly childLock?: LockMode;
}

/** Everything a subcommand is judged by. */
export interface Context {
  readonly out: Collector;
  readonly catalog: Catalog;
  readonly version: number;
  readonly action: ActionOf<'alter-table'>;
  /** Null for a table that the history does not show. */
  readonly table: Table | null;
}
