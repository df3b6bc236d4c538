import type { AuditFinding } from '../audit/audit.ts';
import type { AuditReport } from './audit-report.ts';
import { jsonText } from './workflow-commands.ts';

/** The document of `lint --format json`, with the server in the place of a file; what is of a file alone is null. */
export function auditJson({ findings, suppressed, stale, checks, path, version }: AuditReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return jsonText({
    version: 1,
    pgVersion: version,
    files: [{ path, findings: findings.map(reportedFinding) }],
    checks: checks.map(({ name }) => name),
    ignored: suppressed.map(({ finding: { rule, object }, reason }) => ({ rule, object, reason })),
    staleIgnores: stale,
    summary: { files: 1, errors, warnings: findings.length - errors, suppressed: suppressed.length },
  });
}

function reportedFinding({ rule, category, severity, object, relation, message, why, look, instead }: AuditFinding) {
  return {
    rule,
    category,
    severity,
    line: null,
    column: null,
    endLine: null,
    endColumn: null,
    statement: null,
    object,
    relation,
    relations: relation === null ? [] : [relation],
    message,
    why,
    look,
    instead,
  };
}
