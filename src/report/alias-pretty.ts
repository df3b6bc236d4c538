import type { Counterpart } from '../lint/find-alias.ts';
import type { Style } from './style.ts';

/** Names that other linters have, each with the rules that find the same, or why there is none. */
export function aliasPage(found: readonly Counterpart[], style: Style): string {
  return found
    .flatMap(({ linter, name, rules, reason }) => [
      `${style.dim(linter)} ${style.bold(name)}`,
      ...rules.map((rule) => `  ${rule.name}  ${style.dim(`${rule.category}, ${rule.severity}`)}  ${rule.docs.what}`),
      ...(reason === null ? [] : [`  no rule: ${reason}`]),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

/** What is written here instead of another linter's word for an accepted statement. */
export function suppressionPage(word: string, linters: string, style: Style): string {
  return [
    `${style.bold(word)} ${style.dim(`(${linters})`)} accepts a statement. Here a comment does, with the rule and a reason:`,
    '',
    '  -- tiptoe-disable-next-statement RULE: why it is safe here',
    '  -- tiptoe-disable-file RULE: why it is safe here',
    '',
    'An unused one, and one without a reason, is a finding itself.',
    '',
  ].join('\n');
}
