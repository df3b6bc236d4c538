import { type LintReport, placedFindings } from './lint-report.ts';
import { xmlAttributes } from './xml.ts';

/** What Checkstyle writes, for the many tools that read it. https://checkstyle.org/dtds/configuration_1_3.dtd has no word on it. */
export function lintCheckstyle({ files }: LintReport): string {
  const elements = files.flatMap((file) => {
    const found = placedFindings([file]);
    if (found.length === 0) return [];
    const errors = found.map(({ finding: { severity, message, instead, rule }, line, column }) => {
      const attributes = { line, column, severity, message: `${message}. ${instead}`, source: `tiptoe.${rule}` };
      return `    <error${xmlAttributes(attributes)}/>`;
    });
    return [`  <file${xmlAttributes({ name: file.script.source.path })}>`, ...errors, '  </file>'];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<checkstyle version="10.0">',
    ...elements,
    '</checkstyle>',
    '',
  ].join('\n');
}
