import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, type AnalysedFile } from '../../src/lint/engine.ts';
import type { Example } from '../../src/lint/kit.ts';
import { parseScript } from '../../src/sql/script.ts';

/** What earlier migrations made, and the example itself, analysed as one history by all rules that are on, and by the named one. */
export function analyseHistory(
  example: Example,
  version: number,
  name?: string,
): { before: AnalysedFile; file: AnalysedFile } {
  const scripts = [
    parseScript('before.sql', example.before ?? ''),
    parseScript('example.sql', example.sql),
    ...(example.after === undefined ? [] : [parseScript('later.sql', example.after)]),
  ];
  const asked = rules.filter((rule) => rule.name === name && rule.severity === 'off');
  const severities = Object.fromEntries(asked.map((rule) => [rule.name, 'warning' as const]));
  const merged = new Map(example.merged === undefined ? [] : [['example.sql', example.merged]]);
  const [before, file] = analyse(scripts, emptyCatalog(), { rules, severities, version, merged });
  if (before === undefined || file === undefined) throw new Error('both files are analysed');
  return { before, file };
}

export function analyseExample(example: Example, name: string): AnalysedFile {
  return analyseHistory(example, example.until ?? 18, name).file;
}
