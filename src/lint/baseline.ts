import type { LintedFile } from './engine.ts';
import { fingerprints } from './fingerprint.ts';

/** A finding that is accepted as it is, wherever in its file it stands. */
export interface BaselineEntry {
  readonly path: string;
  readonly rule: string;
  readonly fingerprint: string;
}

/** How a baseline calls a file. */
export type NameOf = (path: string) => string;

/** All that was found. */
export function baselineOf(files: readonly LintedFile[], nameOf: NameOf): BaselineEntry[] {
  return files.flatMap((file) => {
    const path = nameOf(file.script.source.path);
    return Array.from(fingerprints(file, path), ([{ rule }, fingerprint]) => ({ path, rule, fingerprint }));
  });
}

export interface Accepted {
  /** The files with what the baseline does not know. */
  readonly files: LintedFile[];
  readonly count: number;
  /** What of the baseline was not found. */
  readonly unmatched: readonly BaselineEntry[];
}

/** Takes out what a baseline accepts. */
export function accept(files: readonly LintedFile[], baseline: readonly BaselineEntry[], nameOf: NameOf): Accepted {
  const known = new Set(baseline.map(keyOf));
  const matched = new Set<string>();
  let count = 0;
  const left = files.map((file) => {
    const path = nameOf(file.script.source.path);
    const prints = fingerprints(file, path);
    const findings = file.findings.filter((finding) => {
      const key = keyOf({ path, rule: finding.rule, fingerprint: prints.get(finding) ?? '' });
      if (!known.has(key)) return true;
      matched.add(key);
      count += 1;
      return false;
    });
    return { ...file, findings };
  });
  return { files: left, count, unmatched: baseline.filter((entry) => !matched.has(keyOf(entry))) };
}

/** The file: sorted, and one line an entry, so that git can merge two branches that change it. */
export function baselineText(entries: readonly BaselineEntry[]): string {
  const unique = new Map(entries.map((entry) => [keyOf(entry), entry]));
  const lines = [...unique.keys()]
    .sort()
    .map((key) => unique.get(key))
    .map((entry) => `    ${JSON.stringify(entry)}`);
  return `{\n  "version": 1,\n  "findings": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}]\n}\n`;
}

function keyOf({ path, rule, fingerprint }: BaselineEntry): string {
  return [path, rule, fingerprint].join('\0');
}
