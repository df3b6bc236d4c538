import { fingerprints } from '../lint/fingerprint.ts';
import { type LintReport, placedFindings } from './lint-report.ts';
import { jsonText } from './workflow-commands.ts';

/** https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */
export function lintGitlab({ files, repositoryPath }: LintReport): string {
  return jsonText(
    files.flatMap((file) => {
      const prints = fingerprints(file, repositoryPath(file.script.source.path));
      return placedFindings([file]).map(({ finding, line, endLine }) => ({
        type: 'issue',
        description: `${finding.message}. ${finding.instead}`,
        check_name: finding.rule,
        fingerprint: prints.get(finding),
        severity: finding.severity === 'error' ? 'major' : 'minor',
        location: { path: repositoryPath(file.script.source.path), lines: { begin: line, end: endLine } },
      }));
    }),
  );
}
