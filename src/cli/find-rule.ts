import type { Rule } from '../lint/kit.ts';
import { Problem } from '../problem.ts';
import { closest } from '../closest.ts';

export function findRule(rules: readonly Rule[], name: string): Rule {
  const rule = rules.find((candidate) => candidate.name === name);
  if (rule !== undefined) return rule;
  const guess = closest(
    name,
    rules.map((candidate) => candidate.name),
  );
  throw new Problem(`there is no rule '${name}'.`, {
    advice: guess === null ? 'tiptoe rules lists them all.' : `Did you mean ${guess}? tiptoe rules lists them all.`,
  });
}
