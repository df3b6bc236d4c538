import { fingerprints } from '../lint/fingerprint.ts';
import type { Rule } from '../lint/kit.ts';
import type { LintedFile } from '../lint/engine.ts';
import { type LintReport, placedFindings, type PlacedFinding } from './lint-report.ts';
import { printable } from './printable.ts';
import { ruleHelp } from './rules-markdown.ts';
import { jsonText } from './workflow-commands.ts';

export const SARIF_SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/**
 * SARIF 2.1.0, with what GitHub's code scanning reads of it. Suppressed findings are left out: GitHub would open alerts for them.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 * https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning
 */
export function lintSarif({ files, rules, repositoryPath, toolVersion }: LintReport): string {
  const found = new Set(files.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
  const described = rules.filter(({ name }) => found.has(name));
  const indexes = new Map(described.map(({ name }, index) => [name, index]));
  const driver = {
    name: 'tiptoe',
    semanticVersion: toolVersion,
    version: toolVersion,
    rules: described.map(reportingDescriptor),
  };
  return jsonText({
    $schema: SARIF_SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        automationDetails: { id: 'tiptoe-lint/' },
        columnKind: 'utf16CodeUnits',
        results: files.flatMap((file) => results(file, indexes, repositoryPath)),
      },
    ],
  });
}

function reportingDescriptor(rule: Rule) {
  const { name, category, severity, docs } = rule;
  return {
    id: name,
    name,
    shortDescription: { text: docs.what },
    fullDescription: { text: `${docs.what} ${docs.why}` },
    help: { text: `${docs.what}\n\n${docs.why}\n\n${docs.instead}`, markdown: ruleHelp(rule) },
    ...(docs.source === undefined ? {} : { helpUri: docs.source }),
    defaultConfiguration: severity === 'off' ? { enabled: false } : { level: severity },
    properties: {
      tags: ['postgresql', 'migration', category],
      precision: 'high',
      'problem.severity': severity === 'error' ? 'error' : 'warning',
    },
  };
}

function results(file: LintedFile, indexes: ReadonlyMap<string, number>, repositoryPath: LintReport['repositoryPath']) {
  const prints = fingerprints(file, repositoryPath(file.script.source.path));
  return placedFindings([file]).map(({ finding, ...place }) => ({
    ruleId: finding.rule,
    ruleIndex: indexes.get(finding.rule) ?? -1,
    level: finding.severity,
    message: { text: [finding.message, finding.why, finding.instead].map(plainMessage).join('\n') },
    locations: [location(place, repositoryPath)],
    partialFingerprints: { 'tiptoeStatement/v1': prints.get(finding) },
  }));
}

function location(
  { file, line, column, endLine, endColumn }: Omit<PlacedFinding, 'finding'>,
  repositoryPath: LintReport['repositoryPath'],
) {
  return {
    physicalLocation: {
      artifactLocation: artifact(repositoryPath(file.script.source.path)),
      region: { startLine: line, startColumn: column, endLine, endColumn },
    },
  };
}

/** A path is relative to the root of the repository, unless it lies outside of it. */
function artifact(path: string) {
  const uri = path
    .split('/')
    .map((part) => encodeURIComponent(printable(part)))
    .join('/');
  if (path.startsWith('/')) return { uri: `file://${uri}` };
  return /^[A-Za-z]:\//.test(path) ? { uri: `file:///${uri.replace('%3A', ':')}` } : { uri, uriBaseId: '%SRCROOT%' };
}

/** `[text](target)` would be a link. */
export function plainMessage(text: string): string {
  return printable(text).replaceAll('](', '] (');
}
