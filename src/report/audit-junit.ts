import type { AuditFinding } from '../audit/audit.ts';
import type { Check } from '../audit/check.ts';
import type { AuditReport } from './audit-report.ts';
import { xmlAttributes, xmlText } from './xml.ts';

/** One suite for the server, and one test a check that found nothing, or a finding: failed where it fails the run. */
export function auditJunit({ findings, suppressed, checks, teller, path, fails }: AuditReport): string {
  const told = findings.some(({ rule }) => rule === teller.name) ? [...checks, teller] : checks;
  const cases = told.flatMap((check) => testCases(check, findings, path, fails));
  const failures = findings.filter(fails).length;
  const counts = { tests: cases.length, failures, errors: 0 };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${xmlAttributes({ name: 'tiptoe audit', ...counts })}>`,
    ...(suppressed.length > 0 ? [`  <!-- ${suppressed.length} suppressed -->`] : []),
    `  <testsuite${xmlAttributes({ name: path, ...counts })}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCases(
  { name }: Check,
  findings: readonly AuditFinding[],
  path: string,
  fails: AuditReport['fails'],
): string[] {
  const found = findings.filter(({ rule }) => rule === name);
  if (found.length === 0) return [`    <testcase${xmlAttributes({ name, classname: path })}/>`];
  return found.map((finding) => {
    const { severity, object, message, why, look, instead } = finding;
    const text = [`${severity}: ${message}`, why, instead, look].map(xmlText).join('\n');
    const body = fails(finding)
      ? `<failure${xmlAttributes({ message, type: severity })}>${text}</failure>`
      : `<system-out>${text}</system-out>`;
    return `    <testcase${xmlAttributes({ name: `${name} ${object}`, classname: path })}>${body}</testcase>`;
  });
}
