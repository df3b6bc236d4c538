import type { Lag } from './lag.ts';
import type { State } from './machine.ts';
import type { Remaining } from './remaining.ts';
import type { Upkeep } from './upkeep.ts';

/** How far a backfill has come, for people and programs that watch it. */
export interface BackfillProgress {
  readonly state: State;
  readonly rowsDone: number;
  readonly rowsVisited: number;
  readonly rowsTotal: number | null;
  readonly rowsTotalExact: boolean;
  readonly batches: number;
  /** Rows changed per second over the last 10 s. */
  readonly rate: number;
  readonly etaSeconds: number | null;
  readonly etaRange: readonly [number, number] | null;
  readonly throttledBy: string | null;
  readonly lastError: string | null;
}

export type BackfillEvent =
  /** Another process has the backfill; `pid` is its session on the server. */
  | { readonly event: 'waiting'; readonly owner: string; readonly pid: number; readonly since: string }
  | {
      readonly event: 'started';
      readonly name: string;
      readonly table: string;
      readonly key: readonly string[];
      /** From a checkpoint. */
      readonly resumed: boolean;
      readonly settings: readonly string[];
    }
  /** Before it starts. */
  | { readonly event: 'warning'; readonly message: string }
  /** After each batch. */
  | ({
      readonly event: 'progress';
      readonly batchKeys: number;
      readonly batchRows: number;
      readonly batchMs: number;
      /** Rows changed per second in this run, waits included. */
      readonly averageRate: number;
    } & BackfillProgress)
  /** Every few seconds. */
  | {
      readonly event: 'figures';
      /** Of the standby that is furthest behind; null where there is none, or it is unknown. */
      readonly replicaLagMs: number | null;
      readonly replicaLag: Lag['kind'];
      readonly deadRows: number;
      /** To each signal, in all runs; the most first. */
      readonly timeLost: readonly { readonly signal: string; readonly seconds: number }[];
    }
  | { readonly event: 'throttled'; readonly reason: string }
  | { readonly event: 'unthrottled' }
  | { readonly event: 'batch-failed'; readonly reason: string; readonly attempt: number }
  /** One key was left out, because its row cannot be changed. */
  | { readonly event: 'skipped'; readonly table: string; readonly key: readonly string[]; readonly reason: string }
  | { readonly event: 'reconnecting'; readonly reason: string }
  | { readonly event: 'reconnected' }
  /** A partition that was detached or dropped is not walked to its end. */
  | { readonly event: 'left-out'; readonly table: string; readonly reason: string }
  /** A table without a key was rewritten; it is walked from its beginning. */
  | { readonly event: 'restarted'; readonly reason: string }
  /** Another process leads; this one walks further ranges of the same backfill. */
  | {
      readonly event: 'joined';
      readonly owner: string;
      readonly workers: number;
      /** What its flags have made of the settings, for all processes; null where it was given none. */
      readonly changed: readonly string[] | null;
    }
  /** How far all processes are, from a process that joined, twice a second. */
  | ({ readonly event: 'all' } & BackfillProgress)
  /** One of several workers has stopped; the others go on. */
  | { readonly event: 'worker-ended'; readonly reason: string }
  | { readonly event: 'verifying' }
  | { readonly event: 'pass'; readonly pass: number; readonly rowsLeft: number }
  | ({ readonly event: 'finished' } & BackfillResult);

export interface BackfillResult extends Ended {
  /** Rows that came into the walked table since it began, where its WHERE cannot tell whether they are done; null otherwise, or unknown. */
  readonly cameMeanwhile: number | null;
  /** How the changed table fares after it; null where it cannot be told. */
  readonly upkeep: Upkeep | null;
}

export interface Ended {
  readonly name: string;
  /** `gave-up`: it paused itself after failures. */
  readonly outcome: 'succeeded' | 'paused' | 'cancelled' | 'failed' | 'gave-up';
  /** Why it did not succeed. */
  readonly reason: string | null;
  readonly rowsDone: number;
  readonly rowsVisited: number;
  readonly batches: number;
  /** Keys that are left out because of errors. */
  readonly keysSkipped: number;
  /** Of this run. */
  readonly durationMs: number;
  /** What the walk after the end found; null when there was none. */
  readonly remaining: Remaining | null;
}
