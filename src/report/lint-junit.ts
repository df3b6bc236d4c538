import type { LintedFile } from '../lint/engine.ts';
import { counts } from './counts.ts';
import { type LintReport, placedFindings, type PlacedFinding } from './lint-report.ts';
import { xmlAttributes, xmlText } from './xml.ts';

/** One suite a file, one test a finding: failed where it fails the run. A clean file is one test that passes. */
export function lintJunit({ files, fails }: LintReport): string {
  const failures = files.reduce((sum, file) => sum + file.findings.filter(fails).length, 0);
  const tests = files.reduce((sum, file) => sum + Math.max(1, file.findings.length), 0);
  const { suppressed } = counts(files);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${xmlAttributes({ name: 'tiptoe lint', tests, failures, errors: 0 })}>`,
    ...(suppressed > 0 ? [`  <!-- ${suppressed} suppressed -->`] : []),
    ...files.flatMap((file) => suite(file, fails)),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(file: LintedFile, fails: LintReport['fails']): string[] {
  const { path } = file.script.source;
  const found = placedFindings([file]);
  const failures = file.findings.filter(fails).length;
  const cases =
    found.length === 0
      ? [`    <testcase${xmlAttributes({ name: 'no findings', classname: path, file: path })}/>`]
      : found.flatMap((placed) => testCase(placed, fails(placed.finding)));
  const tests = Math.max(1, found.length);
  return [`  <testsuite${xmlAttributes({ name: path, tests, failures, errors: 0 })}>`, ...cases, '  </testsuite>'];
}

function testCase({ file, finding, line, column }: PlacedFinding, failed: boolean): string[] {
  const { path } = file.script.source;
  const { rule, severity, message, why, instead } = finding;
  const text = [`${path}:${line}:${column}`, `${severity}: ${message}`, why, instead].map(xmlText).join('\n');
  const body = failed
    ? `<failure${xmlAttributes({ message, type: severity })}>${text}</failure>`
    : `<system-out>${text}</system-out>`;
  const attributes = { name: `${rule} ${line}:${column}`, classname: path, file: path, line };
  return [`    <testcase${xmlAttributes(attributes)}>`, `      ${body}`, '    </testcase>'];
}
