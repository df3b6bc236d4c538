import type { AnalysedFile, AnalysedStatement } from '../lint/engine.ts';
import type { SourceText } from '../sql/source-text.ts';
import type { Unread } from '../sql/statement.ts';
import { withoutValue } from './placeholders.ts';
import { jsonText } from './workflow-commands.ts';

/** The document of `tiptoe explain --format json`. */
export function explainJson(files: readonly AnalysedFile[], version: number): string {
  const document = {
    version: 1,
    pgVersion: version,
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
  return jsonText(document);
}

function unreadPlace(source: SourceText, { range, reason }: Unread) {
  const { source: own } = source.fileAt(range.start);
  return {
    ...(own === source ? {} : { path: own.path }),
    line: source.position(range.start).line,
    text: source.text.slice(range.start, range.end),
    reason,
  };
}

/** One statement and what it does. */
export function explainedStatement(source: SourceText, { statement, effects }: AnalysedStatement) {
  const { source: own } = source.fileAt(statement.range.start);
  return {
    index: statement.index,
    ...(own === source ? {} : { path: own.path }),
    line: source.position(statement.range.start).line,
    endLine: source.position(Math.max(statement.range.start, statement.range.end - 1)).line,
    kind: statement.kind,
    effects: effects.relations.map(({ parts: _, certain: __, ...effect }) => effect),
    ...(effects.notUnderstood === null ? {} : { notUnderstood: effects.notUnderstood }),
  };
}
