import type { AuditReport } from './audit-report.ts';
import { annotation } from './lint-github.ts';

/** Annotations of the run: there is no file to point at. */
export function auditGithub({ findings, path }: AuditReport): string {
  return findings
    .map(({ rule, severity, message, why, look, instead }) =>
      annotation(severity, { title: `tiptoe: ${rule}` }, [`${message} (${path})`, why, instead, look]),
    )
    .join('');
}
