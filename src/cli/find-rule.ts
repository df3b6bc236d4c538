import type { Rule } from '../lint/kit.ts';
import { Problem } from '../problem.ts';
import { closest } from '../closest.ts';

/** The rule of that name; `others` are names that are meant, perhaps, beside those of rules. */
export function findRule(
  rules: readonly Rule[],
  name: string,
  others: readonly { readonly name: string }[] = [],
): Rule {
  const rule = rules.find((candidate) => candidate.name === name);
  if (rule !== undefined) return rule;
  const guess = closest(
    name,
    [...rules, ...others].map((candidate) => candidate.name),
  );
  const lists =
    others.length === 0
      ? 'tiptoe rules lists them all.'
      : 'tiptoe rules lists the rules, tiptoe audit --list the checks.';
  throw new Problem(`there is no rule '${name}'.`, {
    advice: guess === null ? lists : `Did you mean ${guess}? ${lists}`,
  });
}
