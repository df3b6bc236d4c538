import type { AuditReport } from './audit-report.ts';
import { printable } from './printable.ts';
import { withoutCommands } from './workflow-commands.ts';

/** `host:port/database: object: error: message [check]`, one finding a line. */
export function auditCompact({ findings, path }: AuditReport): string {
  const lines = findings.map(({ rule, severity, object, message }) =>
    printable(`${path}: ${object}: ${severity}: ${message} [${rule}]`),
  );
  return withoutCommands(lines.map((line) => `${line}\n`).join(''));
}
