import type { Category, Severity } from '../lint/kit.ts';
import type { Check, Found, Unseen } from './check.ts';

/** What was found on the server, as it is reported. */
export interface AuditFinding {
  /** The check's name. */
  readonly rule: string;
  readonly category: Category;
  readonly severity: Severity;
  /** By what `audit.ignore` names it. */
  readonly object: string;
  readonly relation: string | null;
  readonly message: string;
  readonly why: string;
  /** SQL to look closer. */
  readonly look: string;
  readonly instead: string;
}

/** What the team has decided to live with. */
export interface Ignored {
  readonly check: string;
  /** A `*` stands for any text. */
  readonly object: string;
  readonly reason: string;
}

export type Severities = Readonly<Record<string, Severity | 'off'>>;

/** A finding of a check, with the severity that the config gives it; null where it is off. */
export function reported(check: Check, verdict: Found, severities: Severities): AuditFinding | null {
  const severity = severities[check.name] ?? verdict.severity ?? check.severity;
  if (severity === 'off') return null;
  const { object, relation, message, why = check.docs.why, look, instead } = verdict;
  return { rule: check.name, category: check.category, severity, object, relation, message, why, look, instead };
}

/** That a check could not see something, as a finding of its own. */
export function notChecked(asked: Check, unseen: Unseen, teller: Check, severities: Severities): AuditFinding | null {
  const { message, look, instead } = unseen;
  return reported(
    teller,
    { kind: 'found', object: asked.name, relation: null, message: `${asked.name}: ${message}`, look, instead },
    severities,
  );
}

export interface Sorted {
  readonly findings: readonly AuditFinding[];
  readonly suppressed: readonly { readonly finding: AuditFinding; readonly reason: string }[];
  /** Entries that match nothing, though their check was run. */
  readonly stale: readonly Ignored[];
}

/** What is left when what the team ignores is taken out. `ran` are the checks that were run. */
export function withoutIgnored(
  findings: readonly AuditFinding[],
  ignored: readonly Ignored[],
  ran: ReadonlySet<string>,
): Sorted {
  const left: AuditFinding[] = [];
  const suppressed: { finding: AuditFinding; reason: string }[] = [];
  const used = new Set<Ignored>();
  for (const finding of findings) {
    const entries = ignored.filter(({ check, object }) => check === finding.rule && matches(object, finding.object));
    for (const entry of entries) used.add(entry);
    const [first] = entries;
    if (first === undefined) left.push(finding);
    else suppressed.push({ finding, reason: first.reason });
  }
  return { findings: left, suppressed, stale: ignored.filter((entry) => ran.has(entry.check) && !used.has(entry)) };
}

function matches(pattern: string, object: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(object);
}
