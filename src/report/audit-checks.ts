import type { Check } from '../audit/check.ts';
import { usualQuery } from '../audit/query.ts';
import { highlight } from './highlight.ts';
import type { Style } from './style.ts';

/** The list of `tiptoe audit --list`, for a person. */
export function checkList(checks: readonly Check[], style: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.map((check) => {
    const { name, severity, category, docs } = check;
    return `${style.bold(name.padEnd(width))}  ${coloured(check, severity.padEnd(7), style)}  ${style.dim(category.padEnd(11))}  ${docs.what}`;
  });
  return `${rows.join('\n')}\n`;
}

/** The page of a check, as a rule has one. */
export function checkPage(check: Check, style: Style): string {
  const { name, category, severity, docs } = check;
  const query = usualQuery(check);
  return [
    `${style.bold(name)}  ${style.dim(`${category}, ${severity}; a check of tiptoe audit`)}`,
    '',
    docs.what,
    '',
    `${style.bold('Why')}      ${docs.why}`,
    `${style.bold('Instead')}  ${docs.instead}`,
    '',
    ...(query === null ? [] : [style.bold('Asks'), ...highlight(query, style).map((line) => `    ${line}`), '']),
    style.dim(docs.source),
    '',
  ].join('\n');
}

/** The page as Markdown. */
export function checkMarkdown(check: Check): string {
  const { name, category, severity, docs } = check;
  const query = usualQuery(check);
  return [
    `# ${name}`,
    '',
    `*${category}, ${severity}; a check of \`tiptoe audit\`*. ${docs.what}`,
    '',
    `**Why:** ${docs.why}`,
    '',
    `**Instead:** ${docs.instead}`,
    '',
    ...(query === null ? [] : ['Asks:', '', '```sql', query, '```', '']),
    `Source: <${docs.source}>`,
    '',
  ].join('\n');
}

/** What the list of rules says of the checks. */
export const CHECKS_ELSEWHERE =
  'The checks of a server are listed by: tiptoe audit --list. The page of one is shown by: tiptoe rules NAME.';

function coloured({ severity }: Check, text: string, style: Style): string {
  return severity === 'error' ? style.red(text) : style.yellow(text);
}
