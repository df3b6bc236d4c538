import { type LintReport, placedFindings } from './lint-report.ts';
import { printable } from './printable.ts';
import { withoutCommands } from './workflow-commands.ts';

/** `path:line:column: error: message [rule]`, one finding a line, as compilers write it and editors read it. */
export function lintCompact({ files }: LintReport): string {
  const lines = placedFindings(files).map(({ file, finding: { severity, message, rule }, line, column }) =>
    printable(`${file.script.source.path}:${line}:${column}: ${severity}: ${message} [${rule}]`),
  );
  return withoutCommands(lines.map((line) => `${line}\n`).join(''));
}
