import type { Finding, LintedFile } from '../lint/engine.ts';
import type { SourceText } from '../sql/source-text.ts';
import { withoutValue } from './placeholders.ts';
import { counts } from './counts.ts';
import type { Scope } from './lint-report.ts';
import { jsonText } from './workflow-commands.ts';

/** The document of `tiptoe lint --format json`. */
export function lintJson(files: readonly LintedFile[], version: number, { since, baseline }: Scope = {}): string {
  const document = {
    version: 1,
    pgVersion: version,
    files: files.map(({ script: { source, standIns }, findings }) => ({
      path: source.path,
      ...(withoutValue(standIns).length === 0 ? {} : { placeholders: withoutValue(standIns) }),
      findings: findings.map((finding) => reportedFinding(source, finding)),
    })),
    ...(since === undefined ? {} : { since }),
    ...(baseline === undefined ? {} : { staleBaseline: baseline.stale }),
    summary: { ...counts(files), ...(baseline === undefined ? {} : { baselined: baseline.accepted }) },
  };
  return jsonText(document);
}

/** One finding and where it is. */
export function reportedFinding(
  source: SourceText,
  { rule, category, severity, range, statement, relations, message, why, instead }: Finding,
) {
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
}
