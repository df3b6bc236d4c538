import type { Range } from '../sql/statement.ts';
import type { Finding, LintedFile } from './engine.ts';

/** What was found in a file and in those that it runs, each with its own path and positions. */
export function perFile(file: LintedFile): LintedFile[] {
  const { source } = file.script;
  if (source.included.length === 0) return [file];
  const parts = [source.fileAt(0), ...source.included.map(({ start }) => source.fileAt(start))];
  return parts.map(({ source: own, start, end }) => {
    const isInside = ({ anchor }: Finding): boolean => anchor >= start && anchor <= end;
    const shifted = (range: Range): Range => ({ start: range.start - start, end: range.end - start });
    const moved = (finding: Finding): Finding => ({
      ...finding,
      range: shifted(finding.range),
      anchor: finding.anchor - start,
    });
    return {
      ...file,
      script: {
        source: own,
        standIns: file.script.standIns?.filter(({ range }) => range.start >= start && range.start <= end) ?? [],
      },
      findings: file.findings.filter(isInside).map(moved),
      suppressed: file.suppressed
        .filter(({ finding }) => isInside(finding))
        .map(({ finding, reason }) => ({ finding: moved(finding), reason })),
    };
  });
}
