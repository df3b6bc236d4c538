import type { Finding, LintedFile } from '../lint/engine.ts';
import type { Rule } from '../lint/kit.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** All that a format may tell of a run of `lint`. */
export interface LintReport {
  readonly files: readonly LintedFile[];
  /** The server's major version. */
  readonly version: number;
  readonly rules: readonly Rule[];
  readonly toolVersion: string;
  /** Whether a finding makes the run fail. */
  readonly fails: (finding: Finding) => boolean;
  /** A path as the repository has it, for those who read reports elsewhere. */
  readonly repositoryPath: (path: string) => string;
  readonly style: Style;
  /** Columns that source lines may take. */
  readonly width: number;
  /** How much text the reader takes. */
  readonly room: Room;
  /** What else the run was about, where it was more than the files. */
  readonly scope: Scope;
}

export interface Scope {
  /** Only what changed since this ref is reported. */
  readonly since?: string;
  readonly facts?: FactsOrigin;
  readonly baseline?: { readonly accepted: number; readonly stale: readonly { rule: string; path: string }[] };
}

/** Where facts of a server come from. */
export interface FactsOrigin {
  /** A file, or `user@host:port/database`. */
  readonly source: string;
  /** In UTC. */
  readonly takenAt: string;
  /** As a person says it; null for a moment ago. */
  readonly age: string | null;
}

/** `facts of facts.json, 3 days old`. */
export function factsLine({ source, age }: FactsOrigin): string {
  return `facts of ${printable(source)}, ${age ?? 'read just now'}`;
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits */
export interface Room {
  readonly unit: 'characters' | 'bytes';
  readonly size: number;
}

/** A finding with its file, at its place. */
export interface PlacedFinding {
  readonly file: LintedFile;
  readonly finding: Finding;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export function placedFindings(files: readonly LintedFile[]): PlacedFinding[] {
  return files.flatMap((file) =>
    file.findings.map((finding) => {
      const start = file.script.source.position(finding.range.start);
      const end = file.script.source.position(finding.range.end);
      return { file, finding, ...start, endLine: end.line, endColumn: end.column };
    }),
  );
}
