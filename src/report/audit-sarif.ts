import type { AuditFinding } from '../audit/audit.ts';
import type { Check } from '../audit/check.ts';
import { digest } from '../lint/fingerprint.ts';
import type { AuditReport } from './audit-report.ts';
import { plainMessage, SARIF_SCHEMA } from './lint-sarif.ts';
import { jsonText } from './workflow-commands.ts';

/** SARIF 2.1.0. There is no file: a finding is at a logical location, an object in a database of a server. */
export function auditSarif({ findings, checks, teller, path, toolVersion }: AuditReport): string {
  const found = new Set(findings.map(({ rule }) => rule));
  const described = [...checks, teller].filter(({ name }) => found.has(name));
  const indexes = new Map(described.map(({ name }, index) => [name, index]));
  return jsonText({
    $schema: SARIF_SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'tiptoe',
            semanticVersion: toolVersion,
            version: toolVersion,
            rules: described.map(reportingDescriptor),
          },
        },
        automationDetails: { id: `tiptoe-audit/${encodeURI(path)}/` },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, indexes.get(finding.rule) ?? -1, path)),
      },
    ],
  });
}

function reportingDescriptor({ name, category, severity, docs }: Check) {
  return {
    id: name,
    name,
    shortDescription: { text: docs.what },
    fullDescription: { text: `${docs.what} ${docs.why}` },
    help: { text: `${docs.what}\n\n${docs.why}\n\n${docs.instead}` },
    helpUri: docs.source,
    defaultConfiguration: { level: severity },
    properties: { tags: ['postgresql', 'audit', category], precision: 'high', 'problem.severity': severity },
  };
}

function result(
  { rule, severity, object, relation, message, why, look, instead }: AuditFinding,
  ruleIndex: number,
  path: string,
) {
  return {
    ruleId: rule,
    ruleIndex,
    level: severity,
    message: { text: [message, why, instead, look].map(plainMessage).join('\n') },
    locations: [
      {
        logicalLocations: [
          { name: object, fullyQualifiedName: `${path}/${object}`, kind: relation === null ? 'resource' : 'object' },
        ],
      },
    ],
    partialFingerprints: { 'tiptoeObject/v1': digest([rule, path, object].join('\0')) },
  };
}
