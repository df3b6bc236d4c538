import type { Severity } from '../lint/kit.ts';
import { type LintReport, placedFindings, type PlacedFinding } from './lint-report.ts';
import { printable } from './printable.ts';

/**
 * Annotations, by workflow commands. GitHub shows ten errors and ten warnings of a step; the log has them all.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
 */
export function lintGithub({ files, repositoryPath }: LintReport): string {
  return placedFindings(files)
    .map((placed) => command(placed, repositoryPath))
    .join('');
}

function command(placed: PlacedFinding, repositoryPath: LintReport['repositoryPath']): string {
  const { file, finding, line, column, endLine, endColumn } = placed;
  const { rule, severity, message, why, instead } = finding;
  const properties = {
    file: printable(repositoryPath(file.script.source.path)),
    line,
    endLine,
    // Columns are of one line, the last one being the last that is meant.
    ...(line === endLine ? { col: column, endColumn: Math.max(column, endColumn - 1) } : {}),
    title: `tiptoe: ${rule}`,
  };
  return annotation(severity, properties, [message, why, instead]);
}

/** One workflow command; the lines are shown as they are. */
export function annotation(
  severity: Severity,
  properties: Readonly<Record<string, string | number>>,
  lines: readonly string[],
): string {
  const shown = Object.entries(properties).map(([name, value]) => `${name}=${property(String(value))}`);
  return `::${severity} ${shown.join(',')}::${data(lines.map((line) => printable(line)).join('\n'))}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
