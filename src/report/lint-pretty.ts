import type { Finding, LintedFile } from '../lint/engine.ts';
import type { Range, StandIn } from '../sql/statement.ts';
import { codeFrame } from './code-frame.ts';
import { counts, plural } from './counts.ts';
import { factsLine, type Scope } from './lint-report.ts';
import { withoutValue } from './placeholders.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { withoutCommands } from './workflow-commands.ts';

/**
 * Findings for a person: where, what, why, what to do instead. Source lines take `width` columns at most; prose is not wrapped. Findings about
 * the same SQL share its code frame, and of a file a reason is given once.
 */
export function lintPretty(
  files: readonly LintedFile[],
  style: Style,
  { width = 120, scope = {} }: { readonly width?: number; readonly scope?: Scope } = {},
): string {
  const blocks = files.flatMap((file) => {
    const said = new Set<string>();
    return file.findings.map((finding, at) => {
      const isFramed = isSame(file.findings[at - 1]?.range, finding.range);
      const isExplained = said.has(finding.why);
      said.add(finding.why);
      return block(file, finding, style, { width, isFramed, isExplained });
    });
  });
  const standIns = files.flatMap(({ script }) => script.standIns ?? []);
  const notes = [placeholderNote(standIns), branchNote(standIns)]
    .map((note) => (note === null ? '' : `${style.dim(printable(note))}\n`))
    .join('');
  const known = scope.facts === undefined ? '' : `${style.dim(factsLine(scope.facts))}\n`;
  return withoutCommands([...blocks, `${summary(files, style, scope)}\n${notes}${known}`].join('\n'));
}

/** Findings name them as they stand, since what they will be is not known. */
function placeholderNote(standIns: readonly StandIn[]): string | null {
  const unknown = withoutValue(standIns.filter(({ as }) => as !== 'branch' && as !== 'branches'));
  return unknown.length === 0 ? null : `read without a value for ${listed(unknown)}; --var NAME=VALUE gives one`;
}

function branchNote(standIns: readonly StandIn[]): string | null {
  const conditions = withoutValue(standIns.filter(({ as }) => as === 'branch'));
  return conditions.length === 0 ? null : `read with one branch of ${listed(conditions)}, and without the others`;
}

function listed(placeholders: readonly string[]): string {
  const shown = placeholders.slice(0, 3).join(', ');
  return placeholders.length > 3 ? `${shown} and ${placeholders.length - 3} more` : shown;
}

function isSame(before: Range | undefined, range: Range): boolean {
  return before?.start === range.start && before.end === range.end;
}

interface Layout {
  readonly width: number;
  /** The finding before it is about the same SQL. */
  readonly isFramed: boolean;
  readonly isExplained: boolean;
}

function block({ script: { source } }: LintedFile, finding: Finding, style: Style, layout: Layout): string {
  const { line, column } = source.position(finding.range.start);
  const severity = finding.severity === 'error' ? style.red('error') : style.yellow('warning');
  const frame = layout.isFramed ? [] : codeFrame(source, finding.range, style, layout.width - 2);
  return [
    `${style.bold(`${printable(source.path)}:${line}:${column}`)}  ${severity}  ${style.dim(finding.rule)}`,
    ...frame.map((text) => `  ${text}`),
    `  ${style.bold(printable(finding.message))}`,
    ...(layout.isExplained ? [] : [`  ${printable(finding.why)}`]),
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
  return withoutCommands(lines.join(''));
}

function summary(files: readonly LintedFile[], style: Style, { since, baseline }: Scope): string {
  const { errors, warnings, suppressed } = counts(files);
  const changed = since === undefined ? '' : ` changed since ${printable(since)}`;
  const where = `in ${plural(files.length, 'file')}${changed}`;
  const accepted = baseline?.accepted ?? 0;
  const hidden = `${suppressed === 0 ? '' : `, ${suppressed} suppressed`}${accepted === 0 ? '' : `, ${accepted} in the baseline`}`;
  if (errors + warnings === 0) return `${style.green('✓')} no findings ${where}${hidden}`;
  const parts = [
    ...(errors > 0 ? [style.red(plural(errors, 'error'))] : []),
    ...(warnings > 0 ? [style.yellow(plural(warnings, 'warning'))] : []),
  ];
  return `${errors > 0 ? style.red('✗') : style.yellow('!')} ${parts.join(', ')} ${where}${hidden}`;
}
