import { printable } from './printable.ts';

/** Text that Markdown shows as it is: no HTML, no link, no mention of a person or an issue. */
export function markdownText(text: string): string {
  return printable(text)
    .replaceAll(/[\\`*_{}[\]()#+!|~<>&$-]/g, (character) =>
      /[<>&]/.test(character) ? (ENTITIES[character] ?? '') : `\\${character}`,
    )
    .replaceAll(/@(?=[\w-])/g, '@<!-- -->')
    .replaceAll(/\b(https?|www)(?=:\/\/|\.)/gi, '$1<!-- -->');
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

/** Text in backticks, more of them than it holds in a row. */
export function markdownCode(text: string): string {
  const shown = printable(text);
  const fence = fenceFor(shown, 1);
  const space = shown.startsWith('`') || shown.endsWith('`') || shown.trim() === '' ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
}

/** A block of SQL. */
export function markdownBlock(sql: string): string {
  const shown = printable(sql, { newlines: true, tabs: true });
  const fence = fenceFor(shown, 3);
  return `${fence}sql\n${shown}\n${fence}`;
}

function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  return '`'.repeat(Math.max(least, longest + 1));
}
