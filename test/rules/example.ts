import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, type AnalysedFile } from '../../src/lint/engine.ts';
import type { Example } from '../../src/lint/kit.ts';
import { parseScript } from '../../src/sql/script.ts';

/** What earlier migrations made, and the example itself, analysed as one history by all rules. */
export function analyseHistory(example: Example, version: number): { before: AnalysedFile; file: AnalysedFile } {
  const scripts = [parseScript('before.sql', example.before ?? ''), parseScript('example.sql', example.sql)];
  const [before, file] = analyse(scripts, emptyCatalog(), { rules, severities: {}, version });
  if (before === undefined || file === undefined) throw new Error('both files are analysed');
  return { before, file };
}

export function analyseExample(example: Example): AnalysedFile {
  return analyseHistory(example, 18).file;
}
