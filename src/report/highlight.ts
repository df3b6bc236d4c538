import { NOT_BARE } from '../postgres/keywords.ts';
import { lex, type Token } from '../sql/lexer.ts';
import type { Style } from './style.ts';

/** SQL with colours, in lines; what spans lines is coloured on each of them, so that a line can be indented or cut. */
export function highlight(sql: string, style: Style): string[] {
  let shown = '';
  let at = 0;
  for (const token of lex(sql)) {
    const text = sql.slice(token.start, token.end);
    const colour = colourOf(token, text, style);
    const lines = text.split('\n').map((line) => colour(line));
    shown += sql.slice(at, token.start) + lines.join('\n');
    at = token.end;
  }
  return `${shown}${sql.slice(at)}`.split('\n');
}

function colourOf({ kind }: Token, text: string, style: Style): (line: string) => string {
  if (kind === 'comment') return style.dim;
  if (kind === 'string') return style.green;
  // Keywords that may be names too are taken for keywords where they are written as such.
  if (kind === 'word' && (NOT_BARE.has(text.toLowerCase()) || /^[A-Z]{2,}$/.test(text))) return style.cyan;
  return (line) => line;
}
