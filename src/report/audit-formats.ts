import type { AuditReport } from './audit-report.ts';
import type { FormatName } from './formats.ts';

/** How `audit` reports, by the same names as `lint`; each is loaded when it is asked for. */
export const AUDIT_FORMATS: Readonly<Record<FormatName, () => Promise<(report: AuditReport) => string>>> = {
  pretty: async () => (await import('./audit-pretty.ts')).auditPretty,
  json: async () => (await import('./audit-json.ts')).auditJson,
  sarif: async () => (await import('./audit-sarif.ts')).auditSarif,
  github: async () => (await import('./audit-github.ts')).auditGithub,
  markdown: async () => (await import('./audit-markdown.ts')).auditMarkdown,
  gitlab: async () => (await import('./audit-gitlab.ts')).auditGitlab,
  junit: async () => (await import('./audit-junit.ts')).auditJunit,
  checkstyle: async () => (await import('./audit-checkstyle.ts')).auditCheckstyle,
  compact: async () => (await import('./audit-compact.ts')).auditCompact,
};
