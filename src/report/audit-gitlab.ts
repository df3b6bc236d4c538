import { digest } from '../lint/fingerprint.ts';
import type { AuditReport } from './audit-report.ts';
import { jsonText } from './workflow-commands.ts';

/** The report wants a path and a line: the server, and the first. https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
export function auditGitlab({ findings, path }: AuditReport): string {
  return jsonText(
    findings.map(({ rule, severity, object, message, instead }) => ({
      type: 'issue',
      description: `${message}. ${instead}`,
      check_name: rule,
      fingerprint: digest([rule, path, object].join('\0')),
      severity: severity === 'error' ? 'major' : 'minor',
      location: { path, lines: { begin: 1, end: 1 } },
    })),
  );
}
