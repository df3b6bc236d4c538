import type { Category, Severity } from '../lint/kit.ts';

/** The document of `tiptoe demo --json FILE`. Times in milliseconds. */
export interface DemoReport {
  readonly version: 1;
  /** The major version. */
  readonly pgVersion: number;
  readonly durationMs: number;
  /** In the order in which they were measured. */
  readonly phases: readonly PhaseReport[];
  /** What lint says about the unsafe migration. */
  readonly findings: readonly FindingReport[];
  readonly backfill: BackfillReport;
}

export type PhaseName = 'calm' | 'apply' | 'backfill' | 'index' | 'naive-migration' | 'naive-backfill';

/** What the traffic felt during one phase: from when a request was due to its answer. */
export interface PhaseReport {
  readonly name: PhaseName;
  readonly kind: 'calm' | 'tiptoe' | 'naive';
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
  readonly durationMs: number;
}

export interface FindingReport {
  readonly rule: string;
  readonly category: Category;
  readonly severity: Severity;
  readonly line: number;
  readonly message: string;
}

export interface BackfillReport {
  readonly rows: number;
  readonly batches: number;
  /** From when it was asked to pause until it had. */
  readonly pauseReachedMs: number;
  readonly pausedMs: number;
  /** How many rows were done when it paused, and when it went on: the same number. */
  readonly rowsAtPause: number;
  readonly rowsAtResume: number;
  /** Whether a last walk found nothing left to do. */
  readonly proved: boolean;
}
