import type { LintedFile } from '../lint/engine.ts';
import { counts } from './counts.ts';

/** The document of `tiptoe lint --format json`. */
export function lintJson(files: readonly LintedFile[], version: number): string {
  const document = {
    version: 1,
    pgVersion: version,
    files: files.map(({ script: { source }, findings }) => ({
      path: source.path,
      findings: findings.map(({ rule, category, severity, range, statement, relations, message, why, instead }) => {
        const start = source.position(range.start);
        const end = source.position(range.end);
        return {
          rule,
          category,
          severity,
          line: start.line,
          column: start.column,
          endLine: end.line,
          endColumn: end.column,
          statement,
          relation: relations[0] ?? null,
          relations,
          message,
          why,
          instead,
        };
      }),
    })),
    summary: counts(files),
  };
  return `${JSON.stringify(document)}\n`;
}
