import type { Finding, LintedFile } from '../lint/engine.ts';
import { codeFrame } from './code-frame.ts';
import { counts, plural } from './counts.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** Findings for a person: where, what, why, what to do instead. Source lines take `width` columns at most; prose is not wrapped. */
export function lintPretty(files: readonly LintedFile[], style: Style, width = 120): string {
  const blocks = files.flatMap((file) => file.findings.map((finding) => block(file, finding, style, width)));
  return [...blocks, `${summary(files, style)}\n`].join('\n');
}

function block({ script: { source } }: LintedFile, finding: Finding, style: Style, width: number): string {
  const { line, column } = source.position(finding.range.start);
  const severity = finding.severity === 'error' ? style.red('error') : style.yellow('warning');
  const frame = codeFrame(source, finding.range, style, width - 2).map((text) => `  ${text}`);
  return [
    `${style.bold(`${printable(source.path)}:${line}:${column}`)}  ${severity}  ${style.dim(finding.rule)}`,
    ...frame,
    `  ${style.bold(printable(finding.message))}`,
    `  ${printable(finding.why)}`,
    `  ${style.green('→')} ${printable(finding.instead)}`,
    '',
  ].join('\n');
}

/** What is not reported because someone wrote why: one line each. */
export function suppressedPretty(files: readonly LintedFile[], style: Style): string {
  const lines = files.flatMap(({ script: { source }, suppressed }) =>
    suppressed.map(({ finding, reason }) => {
      const { line, column } = source.position(finding.range.start);
      return style.dim(
        `${printable(source.path)}:${line}:${column}  suppressed  ${finding.rule}: ${printable(reason)}\n`,
      );
    }),
  );
  return lines.join('');
}

function summary(files: readonly LintedFile[], style: Style): string {
  const { errors, warnings, suppressed } = counts(files);
  const where = `in ${plural(files.length, 'file')}`;
  const hidden = suppressed === 0 ? '' : `, ${suppressed} suppressed`;
  if (errors + warnings === 0) return `${style.green('✓')} no findings ${where}${hidden}`;
  const parts = [
    ...(errors > 0 ? [style.red(plural(errors, 'error'))] : []),
    ...(warnings > 0 ? [style.yellow(plural(warnings, 'warning'))] : []),
  ];
  return `${errors > 0 ? style.red('✗') : style.yellow('!')} ${parts.join(', ')} ${where}${hidden}`;
}
