import type { MigrationFile } from './discovery.ts';

export type BackfillState =
  | 'pending'
  | 'running'
  | 'throttled'
  | 'pausing'
  | 'paused'
  | 'succeeded'
  | 'failed'
  | 'cancelled';

/** What `apply` needs to know about backfills; the migrations after one wait until it has succeeded. */
export interface BackfillGate {
  /** All that the database knows. */
  names(): Promise<readonly string[]>;
  /** null when it was never registered. */
  state(name: string): Promise<BackfillState | null>;
  /** Makes it known on the server, so that it can be run from anywhere; says whether it has any row to work on. */
  register(file: MigrationFile): Promise<{ readonly hasWork: boolean }>;
  /** Runs it here and now, with `--run-backfills`; resolves with the state it ended in. */
  readonly run?: (file: MigrationFile, signal: AbortSignal) => Promise<BackfillState>;
}
