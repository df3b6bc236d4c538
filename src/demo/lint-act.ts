import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../catalog/catalog.ts';
import { analyse, type AnalysedFile } from '../lint/engine.ts';
import { parseScript } from '../sql/script.ts';
import type { FindingReport } from './report.ts';
import { shopMigration, unsafeMigration } from './shop.ts';

/** The unsafe migration as `tiptoe lint` sees it, after the one that made the tables. Needs `loadParser()`. */
export function lintUnsafe(version: number): AnalysedFile {
  const scripts = [shopMigration, unsafeMigration].map(({ path, text }) => parseScript(path, text, {}));
  const file = analyse(scripts, emptyCatalog(), { rules, severities: {}, version }).at(-1);
  if (file === undefined) throw new Error('no file was analysed');
  return file;
}

export function reportFindings({ script, findings }: AnalysedFile): FindingReport[] {
  return findings.map(({ rule, category, severity, range, message }) => ({
    rule,
    category,
    severity,
    line: script.source.position(range.start).line,
    message,
  }));
}
