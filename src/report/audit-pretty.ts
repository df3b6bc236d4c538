import type { AuditFinding } from '../audit/audit.ts';
import type { AuditReport } from './audit-report.ts';
import { plural, severities } from './counts.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { withoutCommands } from './workflow-commands.ts';

/** Findings for a person, by check: what a check is about is said once, and then of each object what to look at and what to do. */
export function auditPretty({ findings, suppressed, checks, path, style }: AuditReport): string {
  const groups = new Map<string, AuditFinding[]>();
  for (const finding of findings) groups.set(finding.rule, [...(groups.get(finding.rule) ?? []), finding]);
  const blocks = [...groups.values()].map((group) => block(group, style));
  const found = severities(findings);
  const where = `in ${printable(path)}, by ${plural(checks.length, 'check')}`;
  const hidden = suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`;
  const hasErrors = findings.some(({ severity }) => severity === 'error');
  const sum =
    found.length === 0
      ? `${style.green('✓')} no findings ${where}${hidden}`
      : `${hasErrors ? style.red('✗') : style.yellow('!')} ${found.join(', ')} ${where}${hidden}`;
  return withoutCommands([...blocks, `${sum}\n`].join('\n'));
}

function block(findings: readonly AuditFinding[], style: Style): string {
  const [first] = findings;
  if (first === undefined) return '';
  const said = new Set<string>();
  return [
    `${style.bold(first.rule)}  ${style.dim(`${first.category}, ${plural(findings.length, 'finding')}`)}`,
    ...findings.flatMap(({ severity, message, why, look, instead }) => {
      const isExplained = said.has(why);
      said.add(why);
      const level = severity === 'error' ? style.red('error') : style.yellow('warning');
      return [
        `  ${level}  ${style.bold(printable(message))}`,
        ...(isExplained ? [] : [`    ${printable(why)}`]),
        `    ${style.green('→')} ${printable(instead)}`,
        `    ${style.dim(`look: ${printable(look)}`)}`,
      ];
    }),
    '',
  ].join('\n');
}

/** What is not reported because someone wrote why: one line each. */
export function suppressedAudit({ suppressed, style }: Pick<AuditReport, 'suppressed' | 'style'>): string {
  const lines = suppressed.map(({ finding: { rule, object }, reason }) =>
    style.dim(`${printable(object)}  suppressed  ${rule}: ${printable(reason)}\n`),
  );
  return withoutCommands(lines.join(''));
}
