import type { Effect } from '../effects/effect.ts';
import type { TransactionMode } from '../effects/units.ts';
import type { AnalysedFile, AnalysedStatement } from '../lint/engine.ts';
import type { Estimate } from '../lint/estimate.ts';
import type { TableFacts } from '../lint/facts.ts';
import type { LiveEffect } from '../lint/live.ts';
import type { SourceText } from '../sql/source-text.ts';
import type { Unread } from '../sql/statement.ts';
import { withoutValue } from './placeholders.ts';
import type { FactsOrigin } from './lint-report.ts';
import { jsonText } from './workflow-commands.ts';

/** What `tiptoe explain --format json` tells. */
export interface ExplainDocument {
  readonly version: 1;
  /** The server's major version. */
  readonly pgVersion: number;
  /** Where the facts of a server come from, where there are any. */
  readonly facts?: Pick<FactsOrigin, 'source' | 'takenAt'>;
  readonly files: readonly {
    readonly path: string;
    /** One for the file; one for each statement, because it has to be; or none, because the file asks for that. */
    readonly transaction: TransactionMode;
    /** Those that a stand-in was read for, because nobody gave their value. */
    readonly placeholders?: readonly string[];
    /** What is neither SQL nor read over: some commands of psql. */
    readonly notUnderstood?: readonly UnreadPlace[];
    readonly statements: readonly ExplainedStatement[];
  }[];
}

export interface UnreadPlace {
  /** The file that holds it, where another one includes that. */
  readonly path?: string;
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

/** What is known of a relation, where facts of a server were given. */
export interface ExplainedLive {
  /** Null is what is not known. */
  readonly facts?: Omit<TableFacts, 'heapBytes'>;
  readonly estimate?: Estimate;
}

export interface ExplainedStatement {
  /** Its number in the file, from 0. */
  readonly index: number;
  /** The file that holds it, where another one includes that. */
  readonly path?: string;
  readonly line: number;
  readonly endLine: number;
  /** PostgreSQL's name of its node, without `Stmt`. */
  readonly kind: string;
  /** What it does to each relation that was there before it, and that it locks. */
  readonly effects: readonly (Omit<Effect, 'parts' | 'certain'> & ExplainedLive)[];
  /** Why it is not, or only partly, understood. */
  readonly notUnderstood?: string;
}

/** The document of `tiptoe explain --format json`. */
export function explainJson(
  files: readonly AnalysedFile[],
  version: number,
  origin: FactsOrigin | null = null,
): string {
  return jsonText(explainDocument(files, version, origin));
}

export function explainDocument(
  files: readonly AnalysedFile[],
  version: number,
  origin: FactsOrigin | null = null,
): ExplainDocument {
  return {
    version: 1,
    pgVersion: version,
    ...(origin === null ? {} : { facts: { source: origin.source, takenAt: origin.takenAt } }),
    files: files.map(({ script, transaction, statements }) => ({
      path: script.source.path,
      transaction,
      ...(withoutValue(script.standIns).length === 0 ? {} : { placeholders: withoutValue(script.standIns) }),
      ...(script.unread.length === 0
        ? {}
        : { notUnderstood: script.unread.map((unread) => unreadPlace(script.source, unread)) }),
      statements: statements.map((statement) => explainedStatement(script.source, statement)),
    })),
  };
}

function unreadPlace(source: SourceText, { range, reason }: Unread): UnreadPlace {
  const { source: own } = source.fileAt(range.start);
  return {
    ...(own === source ? {} : { path: own.path }),
    line: source.position(range.start).line,
    text: source.text.slice(range.start, range.end),
    reason,
  };
}

/** One statement and what it does. */
export function explainedStatement(
  source: SourceText,
  { statement, effects, live }: AnalysedStatement,
): ExplainedStatement {
  const { source: own } = source.fileAt(statement.range.start);
  return {
    index: statement.index,
    ...(own === source ? {} : { path: own.path }),
    line: source.position(statement.range.start).line,
    endLine: source.position(Math.max(statement.range.start, statement.range.end - 1)).line,
    kind: statement.kind,
    effects: effects.relations.map(({ parts: _, certain: __, ...effect }) => ({
      ...effect,
      ...liveFields(live?.get(effect.relation)),
    })),
    ...(effects.notUnderstood === null ? {} : { notUnderstood: effects.notUnderstood }),
  };
}

function liveFields(live: LiveEffect | undefined): ExplainedLive {
  if (live === undefined) return {};
  const { rows, bytes, indexBytes, writesPerSecond } = live.facts;
  return {
    facts: { rows, bytes, indexBytes, writesPerSecond },
    ...(live.estimate === null ? {} : { estimate: live.estimate }),
  };
}
