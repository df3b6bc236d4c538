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

/** One migration file, read. */
export interface Script {
  readonly source: SourceText;
  readonly statements: readonly Statement[];
  readonly faults: readonly SyntaxFault[];
  readonly comments: readonly Comment[];
}

/** A `-- …` or block comment, marks included. */
export interface Comment {
  readonly text: string;
  readonly range: Range;
}
