import type { Example, Rule } from '../lint/kit.ts';
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

export function rulePage({ name, category, severity, docs, examples }: Rule, style: Style): string {
  return [
    `${style.bold(name)}  ${style.dim(`${category}, ${severity}`)}`,
    '',
    docs.what,
    '',
    `${style.bold('Why')}      ${docs.why}`,
    `${style.bold('Instead')}  ${docs.instead}`,
    '',
    style.red('Found'),
    ...examples.bad.flatMap((example) => code(example, style)),
    style.green('Fine'),
    ...examples.good.flatMap((example) => code(example, style)),
    style.dim(docs.source),
    '',
  ].join('\n');
}

function code({ before, merged, sql }: Example, style: Style): string[] {
  const once = merged === undefined ? [] : ['-- as it was merged', ...merged.split('\n'), '-- as it is now'];
  const earlier = [...(before?.split('\n') ?? []), ...once].map((line) => style.dim(`    ${line}`));
  return [...earlier, ...sql.split('\n').map((line) => `    ${line}`), ''];
}
