import type { Action } from './action.ts';
import type { SourceText } from './source-text.ts';

/** A stretch of a file, in UTF-16 code units; `end` is just after the last one. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Statement {
  /** Counts all statements of the file from 0, those with syntax errors too. */
  readonly index: number;
  /** What is sent to the server: from the first token to just before the `;`, variables filled in. */
  readonly text: string;
  /** Where that stands in the file. */
  readonly range: Range;
  /** PostgreSQL's node name without `Stmt`: `AlterTable`, `Index`, `Select`. */
  readonly kind: string;
  readonly action: Action;
}

/** A stretch of the file that PostgreSQL's grammar refuses. */
export interface SyntaxFault {
  readonly index: number;
  readonly message: string;
  /** The token at which the parser gave up. */
  readonly offset: number;
  readonly range: Range;
}

/** Something in a script that is not known, and may do anything. */
export interface Unread {
  readonly range: Range;
  readonly reason: string;
  /** Where what it belongs to starts. */
  readonly anchor: number;
}

/** A placeholder that has no value, and what its statement was read with instead. */
export interface StandIn {
  readonly placeholder: string;
  readonly range: Range;
  /**
   * `nothing`: it may change what the statement does. Of a condition, `branch`: one of its branches is read, and `branches`: all of them, one
   * after the other. `text`: PostgreSQL reads it as it stands, and the migration tool does not.
   */
  readonly as: 'name' | 'value' | 'nothing' | 'branch' | 'branches' | 'text';
}

/** One migration file, read. */
export interface Script {
  readonly source: SourceText;
  readonly statements: readonly Statement[];
  readonly faults: readonly SyntaxFault[];
  readonly comments: readonly Comment[];
  /** Statements that they stand in cannot be sent to a server. */
  readonly standIns: readonly StandIn[];
  /** Commands of psql. */
  readonly commands: readonly Range[];
  readonly unread: readonly Unread[];
}

/** A `-- …` or block comment, marks included. */
export interface Comment {
  readonly text: string;
  readonly range: Range;
}
