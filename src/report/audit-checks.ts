import type { Check } from '../audit/check.ts';
import type { Style } from './style.ts';

/** The list of `tiptoe audit --list`, for a person. */
export function checkList(checks: readonly Check[], style: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.map(({ name, category, severity, docs }) => {
    const colour = severity === 'error' ? style.red : style.yellow;
    return `${style.bold(name.padEnd(width))}  ${colour(severity.padEnd(7))}  ${style.dim(category.padEnd(11))}  ${docs.what}`;
  });
  return `${rows.join('\n')}\n`;
}
