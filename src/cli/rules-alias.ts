import { rules } from '../../rules/index.ts';
import { closest } from '../closest.ts';
import { counterparts, findAlias } from '../lint/find-alias.ts';
import { OTHER_SUPPRESSIONS } from '../lint/other-linters.ts';
import { Problem } from '../problem.ts';
import { aliasPage, suppressionPage } from '../report/alias-pretty.ts';
import { styleFor } from '../terminal/style.ts';

/** What another linter's name stands for here. */
export function showAlias(alias: string, name: string | undefined, format: string, color: boolean): 0 {
  if (name !== undefined) {
    throw new Problem(`'${name}' and --alias name a rule twice.`, { advice: 'Give one of them.' });
  }
  if (format === 'markdown') {
    throw new Problem('--alias is shown as pretty or json.', { advice: 'Leave out --format markdown.' });
  }
  const all = counterparts(rules);
  const found = findAlias(all, alias);
  const linters = OTHER_SUPPRESSIONS[alias.toLowerCase()];
  if (found.length === 0 && linters === undefined) {
    const names = [...new Set(all.flatMap((one) => [one.name, one.linter])), ...Object.keys(OTHER_SUPPRESSIONS)];
    const guess = closest(alias, names);
    throw new Problem(`no linter that tiptoe knows has a rule '${alias}'.`, {
      advice: `${guess === null ? '' : `Did you mean ${guess}? `}tiptoe rules --alias squawk lists what squawk has, and so for others.`,
    });
  }
  if (format === 'json') {
    const shown = found.map((one) => ({ ...one, rules: one.rules.map((rule) => rule.name) }));
    process.stdout.write(`${JSON.stringify({ alias, counterparts: shown })}\n`);
    return 0;
  }
  const style = styleFor(process.stdout, { color });
  process.stdout.write(linters === undefined ? aliasPage(found, style) : suppressionPage(alias, linters, style));
  return 0;
}
