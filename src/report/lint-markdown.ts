import type { SourceText } from '../sql/source-text.ts';
import type { Range } from '../sql/statement.ts';
import { counts, plural, severities } from './counts.ts';
import { cut, fitting } from './fitting.ts';
import { factsLine, type LintReport, placedFindings, type PlacedFinding } from './lint-report.ts';
import { markdownBlock, markdownCode, markdownText } from './markdown.ts';
import { withoutCommands } from './workflow-commands.ts';

/**
 * A job summary or a comment on a pull request. What there is no room for is counted; errors are the last to be left out. The first line is
 * a mark by which a script finds its comment again.
 */
export function lintMarkdown({ files, repositoryPath, room, scope }: LintReport): string {
  const placed = placedFindings(files);
  const { errors, warnings, suppressed } = counts(files);
  const found = severities(placed.map(({ finding }) => finding));
  const title = [
    errors > 0 ? '❌' : warnings > 0 ? '⚠️' : '✅',
    'tiptoe lint:',
    found.length === 0 ? 'no findings' : found.join(', '),
    `in ${plural(files.length, 'file')}`,
    ...(scope.since === undefined ? [] : [`changed since ${markdownCode(scope.since)}`]),
  ].join(' ');
  const accepted = scope.baseline?.accepted ?? 0;
  const hidden = [
    ...(suppressed > 0 ? [`${suppressed} suppressed`] : []),
    ...(accepted > 0 ? [`${accepted} in the baseline`] : []),
    ...(scope.facts === undefined ? [] : [markdownText(factsLine(scope.facts))]),
  ];
  const head = `<!-- tiptoe lint -->\n### ${title}\n${hidden.length === 0 ? '' : `\n${hidden.join(', ')}\n`}`;
  const blocks = placed.map((one) => ({
    severity: one.finding.severity,
    text: withoutCommands(block(one, repositoryPath)),
  }));
  return fitting(head, blocks, room, 'tiptoe lint');
}

function block({ file, finding, line }: PlacedFinding, repositoryPath: LintReport['repositoryPath']): string {
  const { source } = file.script;
  const { rule, severity, message, why, instead, range } = finding;
  const where = markdownCode(cut(`${repositoryPath(source.path)}:${line}`));
  const text = (given: string): string => markdownText(cut(given));
  return [
    `#### ${severity === 'error' ? '❌' : '⚠️'} ${where} ${markdownCode(rule)}`,
    '',
    `**${text(message)}**`,
    '',
    markdownBlock(excerpt(source, range)),
    '',
    text(why),
    '',
    `→ ${text(instead)}`,
    '',
  ].join('\n');
}

const MOST_LINES = 12;

function excerpt(source: SourceText, range: Range): string {
  const lines = source.text.slice(range.start, Math.min(range.end, range.start + 20_000)).split(/\r?\n/);
  const shown = lines.slice(0, MOST_LINES).map((line) => (line.length > 160 ? `${line.slice(0, 160)}…` : line));
  return [...shown, ...(lines.length > MOST_LINES ? ['…'] : [])].join('\n');
}
