import type { Finding, LintedFile } from '../lint/engine.ts';
import type { Category, Severity } from '../lint/kit.ts';
import type { LiveFinding } from '../lint/live.ts';
import type { SourceText } from '../sql/source-text.ts';
import { withoutValue } from './placeholders.ts';
import { counts } from './counts.ts';
import type { FactsOrigin, Scope } from './lint-report.ts';
import { jsonText } from './workflow-commands.ts';

/** What `tiptoe lint --format json` tells. */
export interface LintDocument {
  readonly version: 1;
  /** The server's major version. */
  readonly pgVersion: number;
  readonly files: readonly {
    readonly path: string;
    /** Those that a stand-in was read for, because nobody gave their value. */
    readonly placeholders?: readonly string[];
    readonly findings: readonly ReportedFinding[];
  }[];
  /** Where the facts of a server come from, where there are any. */
  readonly facts?: Pick<FactsOrigin, 'source' | 'takenAt'>;
  /** The ref that the files changed since, where one was given. */
  readonly since?: string;
  /** Entries of the baseline that match nothing any more. */
  readonly staleBaseline?: readonly { readonly rule: string; readonly path: string }[];
  readonly summary: {
    readonly files: number;
    readonly errors: number;
    readonly warnings: number;
    readonly suppressed: number;
    /** What the baseline accepts, where there is one. */
    readonly baselined?: number;
  };
}

/** A finding and where it is: lines and columns count from 1, columns in UTF-16 code units. */
export interface ReportedFinding extends LiveFinding {
  readonly rule: string;
  readonly category: Category;
  readonly severity: Severity;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The statement's number in its file, from 0; null where no statement is meant. */
  readonly statement: number | null;
  /** The main relation. */
  readonly relation: string | null;
  readonly relations: readonly string[];
  /** What happens. */
  readonly message: string;
  /** Why it hurts. */
  readonly why: string;
  /** What to do instead. */
  readonly instead: string;
}

/** The document of `tiptoe lint --format json`. */
export function lintJson(files: readonly LintedFile[], version: number, scope: Scope = {}): string {
  return jsonText(lintDocument(files, version, scope));
}

export function lintDocument(
  files: readonly LintedFile[],
  version: number,
  { since, baseline, facts }: Scope = {},
): LintDocument {
  return {
    version: 1,
    pgVersion: version,
    files: files.map(({ script: { source, standIns }, findings }) => ({
      path: source.path,
      ...(withoutValue(standIns).length === 0 ? {} : { placeholders: withoutValue(standIns) }),
      findings: findings.map((finding) => reportedFinding(source, finding)),
    })),
    ...(since === undefined ? {} : { since }),
    ...(facts === undefined ? {} : { facts: { source: facts.source, takenAt: facts.takenAt } }),
    ...(baseline === undefined ? {} : { staleBaseline: baseline.stale }),
    summary: { ...counts(files), ...(baseline === undefined ? {} : { baselined: baseline.accepted }) },
  };
}

/** One finding and where it is. */
export function reportedFinding(
  source: SourceText,
  { rule, category, severity, range, statement, relations, message, why, instead, facts, estimate }: Finding,
): ReportedFinding {
  const start = source.position(range.start);
  const end = source.position(range.end);
  return {
    rule,
    category,
    severity,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    statement,
    relation: relations[0] ?? null,
    relations,
    message,
    why,
    instead,
    ...(facts === undefined ? {} : { facts }),
    ...(estimate === undefined ? {} : { estimate }),
  };
}
