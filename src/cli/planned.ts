import type { BackfillStatus } from '../backfill/status.ts';
import type { ConnectionSettings } from '../db/connection.ts';
import type { Server } from '../db/server.ts';
import type { Counters, TableFacts } from '../inspect/table-facts.ts';
import type { AnalysedFile } from '../lint/engine.ts';
import type { ForeseenWait } from '../migrate/foreseen-waits.ts';
import type { PlanEntry } from '../migrate/plan.ts';
import type { Stop } from '../migrate/stop.ts';
import type { Blocker } from '../safety/blockers.ts';
import type { InTheWay } from '../safety/in-the-way.ts';
import type { LeaseHolder } from '../safety/lease.ts';
import type { Limits } from '../safety/limits.ts';
import type { RequiredState } from './requirements.ts';

/** What `apply` would do now. */
export interface Plan {
  readonly connection: ConnectionSettings;
  readonly server: Server;
  readonly limits: Limits;
  /** All migrations, applied ones too. */
  readonly total: number;
  /** Why it would not begin. */
  readonly refused: Stop | null;
  readonly warnings: readonly PlanWarning[];
  /** null when any time will do. */
  readonly window: PlannedWindow | null;
  readonly files: readonly PlannedFile[];
  readonly tables: readonly PlannedTable[];
  /** Who has a lock right now that conflicts with one of the plan's. */
  readonly holders: readonly Blocker[];
  readonly inTheWay: InTheWay;
  readonly runner: LeaseHolder | null;
  readonly backfills: readonly BackfillStatus[];
}

export interface PlanWarning {
  /** null for what is of no file. */
  readonly path: string | null;
  readonly message: string;
}

/** The times at which apply may begin work, and how that stands now. */
export interface PlannedWindow {
  readonly windows: readonly string[];
  readonly open: boolean;
  /** null while it is open, and for one that never opens. */
  readonly opensAt: string | null;
}

export interface PlannedFile {
  readonly entry: PlanEntry;
  readonly file: AnalysedFile;
  /** Statements that stand already, by index. */
  readonly done: ReadonlySet<number>;
  readonly requires: readonly RequiredState[];
  /** For which backfill apply would stop before it. */
  readonly waits: ForeseenWait | null;
}

export interface PlannedTable {
  readonly relation: string;
  /** null for one that is not there yet. */
  readonly facts: TableFacts | null;
  /** Since when the server counts, in UTC; null where it does not say. */
  readonly since: string | null;
  /** A second, since then. */
  readonly average: Counters | null;
  /** A second, while the plan was made. */
  readonly now: Counters | null;
}
