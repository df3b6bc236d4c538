import type { Blocker } from '../safety/blockers.ts';
import type { Stalls } from '../safety/stalls.ts';
import type { Exception } from './exceptions.ts';
import type { LockDifference } from './lock-differences.ts';
import type { LeaseHolder } from '../safety/lease.ts';

/** Times in milliseconds, to a tenth. */
export interface StatementResult {
  /** Counts all statements of the file from 0. */
  readonly index: number;
  readonly attempts: number;
  /** From the first look for its locks to having them. */
  readonly waitedMs: number;
  /** From its first blocking lock to the end of COMMIT. */
  readonly heldMs: number;
  readonly durationMs: number;
  /** Who waited behind it, and for how long. */
  readonly stalled: Stalls;
  /** Who was in its way, as far as a bounded list goes. */
  readonly blockers: readonly Blocker[];
}

/** What a statement costs that has nothing to do any more. */
export const NO_COST = {
  attempts: 0,
  waitedMs: 0,
  heldMs: 0,
  durationMs: 0,
  stalled: { sessions: 0, longestMs: 0, totalMs: 0 },
  blockers: [],
} as const;

export interface FileResult {
  readonly path: string;
  /** `registered`: a backfill that is known on the server, and not done. */
  readonly outcome: 'done' | 'gave-up' | 'failed' | 'refused' | 'pending' | 'registered';
  readonly statements: readonly StatementResult[];
  /** The statement at which it stopped, as far as it came. */
  readonly unfinished?: StatementResult;
  /** It stands, but no synchronous standby has confirmed a COMMIT of it. */
  readonly unconfirmed?: true;
}

/** Why a run did not end as `done`. */
export type Reason =
  | 'another-runner'
  | 'backfill-first'
  | 'backfill-failed'
  | 'bad-cap'
  | 'cap'
  | 'cancelled'
  | 'connection-lost'
  | 'edited'
  | 'file-gone'
  | 'interrupted'
  | 'lease-lost'
  | 'lint-gate'
  | 'lock-not-had'
  | 'hook-failed'
  | 'missing-privilege'
  | 'not-plain-sql'
  | 'out-of-order'
  | 'outside-window'
  | 'problem'
  | 'replicas-behind'
  | 'requirement'
  | 'standby-missing'
  | 'statement-failed'
  | 'syntax-error'
  | 'transaction-control'
  | 'unknown-outcome'
  | 'waited-too-long';

/** Where a statement failed, and what the server said. */
export interface StatementFailure {
  readonly path: string;
  /** From 1; columns in UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  readonly sourceLine: string;
  readonly statement: number;
  readonly sqlstate: string | null;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
}

/** A relation that was there before the run and is not small. */
export interface BigRelation {
  /** As the finding names it. */
  readonly relation: string;
  /** Its name before the run. */
  readonly onServer: string;
  /** The server's estimate, where it has one. */
  readonly rows: number | null;
  /** Why nobody can tell how many rows it has: it then counts as big. */
  readonly unreadable: string | null;
}

/** A finding for which a file was refused; as in the JSON of `tiptoe lint`, and the relations that are not small. */
export interface RefusedFinding {
  readonly path: string;
  readonly rule: string;
  readonly category: string;
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly sourceLine: string;
  readonly statement: number;
  readonly relation: string | null;
  readonly relations: readonly string[];
  readonly big: readonly BigRelation[];
  readonly message: string;
  readonly why: string;
  readonly instead: string;
}

export interface ApplyResult {
  readonly outcome: 'done' | 'gave-up' | 'failed' | 'refused';
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly reason: Reason | null;
  /** One sentence for a person; null when all went well. */
  readonly message: string | null;
  /** What to do next. */
  readonly advice: string | null;
  /** When the time window opens that the run has stopped for. */
  readonly opensAt?: string;
  readonly files: readonly FileResult[];
  readonly failure: StatementFailure | null;
  readonly blockers: readonly Blocker[];
  /** What the linter found in files that were refused for it. */
  readonly findings: readonly RefusedFinding[];
}

/** Who waits for what while a run goes on. */
export type ApplyEvent =
  | { readonly event: 'plan'; readonly pending: readonly string[] }
  | { readonly event: 'waiting-for-window'; readonly path: string; readonly opensAt: string }
  | {
      readonly event: 'waiting-for-replicas';
      /** The migration that waits; null after the last one. */
      readonly path: string | null;
      readonly standby: string;
      /** null where it is not known, or the standby has gone. */
      readonly lagMs: number | null;
    }
  | { readonly event: 'waiting-for-runner'; readonly holder: LeaseHolder }
  | {
      readonly event: 'file';
      readonly path: string;
      readonly transaction: 'file' | 'statement' | 'none';
      readonly statements: number;
      readonly capMs: number;
      /** Why the file has a cap of its own; null when it has none. */
      readonly capReason: string | null;
    }
  | {
      readonly event: 'waiting-for-lock';
      readonly path: string;
      readonly line: number;
      readonly attempts: number;
      readonly waitedMs: number;
      readonly blockers: readonly Blocker[];
    }
  | {
      readonly event: 'progress';
      readonly path: string;
      readonly line: number;
      readonly phase: string;
      /** From 0 to 1, where the server counts. */
      readonly share: number | null;
      /** When this phase will be over, at its speed so far. */
      readonly etaMs: number | null;
      /** The session that it waits for. */
      readonly waitsFor: Blocker | null;
    }
  | ({
      readonly event: 'statement';
      readonly path: string;
      readonly line: number;
      readonly kind: string;
    } & StatementResult)
  | {
      readonly event: 'backfill';
      readonly path: string;
      readonly rowsDone: number;
      readonly rate: number;
      /** What holds it up now. */
      readonly throttledBy: string | null;
    }
  | {
      readonly event: 'file-done';
      readonly path: string;
      readonly durationMs: number;
      readonly statements: readonly StatementResult[];
    }
  /** It held a lock that its effects had not foretold. */
  | ({ readonly event: 'unforeseen-lock'; readonly path: string; readonly pgVersion: number } & LockDifference)
  /** Committed, but a synchronous standby did not confirm it in time. */
  | { readonly event: 'unconfirmed'; readonly path: string }
  | ({ readonly event: 'exception'; readonly path: string } & Exception)
  | { readonly event: 'warning'; readonly path: string | null; readonly message: string };

export function statementResult({ waitedMs, heldMs, durationMs, ...rest }: StatementResult): StatementResult {
  return { ...rest, waitedMs: tenth(waitedMs), heldMs: tenth(heldMs), durationMs: tenth(durationMs) };
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}
