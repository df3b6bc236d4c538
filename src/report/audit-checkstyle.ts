import type { AuditReport } from './audit-report.ts';
import { xmlAttributes } from './xml.ts';

/** What Checkstyle writes; the server stands in the place of a file. */
export function auditCheckstyle({ findings, path }: AuditReport): string {
  const errors = findings.map(
    ({ rule, severity, message, instead }) =>
      `    <error${xmlAttributes({ line: 1, column: 1, severity, message: `${message}. ${instead}`, source: `tiptoe.${rule}` })}/>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<checkstyle version="10.0">',
    ...(errors.length === 0 ? [] : [`  <file${xmlAttributes({ name: path })}>`, ...errors, '  </file>']),
    '</checkstyle>',
    '',
  ].join('\n');
}
