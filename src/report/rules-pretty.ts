import type { Example, Rule } from '../lint/kit.ts';
import { LINTERS } from '../lint/other-linters.ts';
import { highlight } from './highlight.ts';
import type { Style } from './style.ts';

export function ruleList(rules: readonly Rule[], style: Style): string {
  const width = Math.max(...rules.map(({ name }) => name.length));
  const rows = rules.map(({ name, category, severity, docs }) => {
    const colour = { error: style.red, warning: style.yellow, off: style.dim }[severity];
    const level = colour(severity.padEnd(7));
    return `${style.bold(name.padEnd(width))}  ${level}  ${style.dim(category.padEnd(13))}  ${docs.what}`;
  });
  return `${rows.join('\n')}\n`;
}

export function rulePage(
  { name, category, severity, aliases = {}, docs, examples, options = {} }: Rule,
  style: Style,
): string {
  return [
    `${style.bold(name)}  ${style.dim(`${category}, ${severity}`)}`,
    '',
    docs.what,
    '',
    `${style.bold('Why')}      ${docs.why}`,
    `${style.bold('Instead')}  ${docs.instead}`,
    ...Object.entries(options).map(
      ([option, { description, default: value }]) =>
        `${style.bold('Option')}   ${option}: ${description} Without it: ${JSON.stringify(value)}.`,
    ),
    ...LINTERS.flatMap((linter) => {
      const names = aliases[linter] ?? [];
      return names.length === 0 ? [] : [style.dim(`In ${linter}: ${names.join(', ')}`)];
    }),
    '',
    ...part(style.red('Found'), examples.bad, style),
    ...part(style.green('Fine'), examples.good, style),
    ...(docs.source === undefined ? [] : [style.dim(docs.source)]),
    '',
  ].join('\n');
}

function part(title: string, examples: readonly Example[], style: Style): string[] {
  return examples.length === 0 ? [] : [title, ...examples.flatMap((example) => code(example, style))];
}

function code({ before, merged, sql }: Example, style: Style): string[] {
  const once = merged === undefined ? [] : ['-- as it was merged', ...merged.split('\n'), '-- as it is now'];
  const earlier = [...(before?.split('\n') ?? []), ...once].map((line) => style.dim(`    ${line}`));
  return [...earlier, ...highlight(sql, style).map((line) => `    ${line}`), ''];
}
