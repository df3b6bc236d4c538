import type { AuditFinding } from '../audit/audit.ts';
import type { AuditReport } from './audit-report.ts';
import { plural, severities } from './counts.ts';
import { cut, fitting } from './fitting.ts';
import { markdownBlock, markdownCode, markdownText } from './markdown.ts';
import { withoutCommands } from './workflow-commands.ts';

/** A job summary. What there is no room for is counted; errors are the last to be left out. */
export function auditMarkdown({ findings, suppressed, checks, path, room }: AuditReport): string {
  const found = severities(findings);
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  const title = [
    hasErrors ? '❌' : findings.length > 0 ? '⚠️' : '✅',
    'tiptoe audit:',
    found.length === 0 ? 'no findings' : found.join(', '),
    `in ${markdownCode(path)}, by ${plural(checks.length, 'check')}`,
  ].join(' ');
  const hidden = suppressed.length === 0 ? '' : `\n${suppressed.length} suppressed\n`;
  const head = `<!-- tiptoe audit -->\n### ${title}\n${hidden}`;
  const blocks = findings.map((finding) => ({ severity: finding.severity, text: withoutCommands(block(finding)) }));
  return fitting(head, blocks, room, 'tiptoe audit');
}

function block({ rule, severity, object, message, why, look, instead }: AuditFinding): string {
  const text = (given: string): string => markdownText(cut(given));
  return [
    `#### ${severity === 'error' ? '❌' : '⚠️'} ${markdownCode(cut(object))} ${markdownCode(rule)}`,
    '',
    `**${text(message)}**`,
    '',
    text(why),
    '',
    `→ ${text(instead)}`,
    '',
    markdownBlock(cut(look)),
    '',
  ].join('\n');
}
