import type { AnalysedFile, AnalysedStatement } from '../lint/engine.ts';
import type { SourceText } from '../sql/source-text.ts';
import { jsonText } from './workflow-commands.ts';

/** The document of `tiptoe explain --format json`. */
export function explainJson(files: readonly AnalysedFile[], version: number): string {
  const document = {
    version: 1,
    pgVersion: version,
    files: files.map(({ script: { source }, transaction, statements }) => ({
      path: source.path,
      transaction,
      statements: statements.map((statement) => explainedStatement(source, statement)),
    })),
  };
  return jsonText(document);
}

/** One statement and what it does. */
export function explainedStatement(source: SourceText, { statement, effects }: AnalysedStatement) {
  return {
    index: statement.index,
    line: source.position(statement.range.start).line,
    endLine: source.position(Math.max(statement.range.start, statement.range.end - 1)).line,
    kind: statement.kind,
    effects: effects.relations.map(({ parts: _, certain: __, ...effect }) => effect),
    ...(effects.notUnderstood === null ? {} : { notUnderstood: effects.notUnderstood }),
  };
}
