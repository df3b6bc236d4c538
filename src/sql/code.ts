import type { Action } from './action.ts';

/** One statement that a body of code runs. */
export interface CodeStep {
  /** Counts from the first line of the body. */
  readonly line: number;
  /** As it stands there, or the expression that EXECUTE computes it from. */
  readonly text: string;
  readonly action: Action;
  /** Why what it does is known in part only, or not at all; null when it is known. */
  readonly unread: string | null;
  /** Whether it stands for all that is known of the statement, and leaves the schema as the code does: false where a name in it is computed. */
  readonly named: boolean;
  /**
   * False in a branch, a loop or an exception handler, which may be passed by. A guard that asks the system catalogs (IF NOT EXISTS …) does
   * not count: after it, the schema is what it would be had the branch run.
   */
  readonly certain: boolean;
  /** A condition, an assignment, SELECT … INTO: it is there for its value. */
  readonly computes: boolean;
}

/** What the body of a DO block or a function runs: all branches one after the other. */
export type Code =
  | { readonly kind: 'read'; readonly steps: readonly CodeStep[]; readonly endsTransaction: boolean }
  | { readonly kind: 'unreadable'; readonly reason: string };
