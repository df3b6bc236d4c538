import { lex } from './lexer.ts';

/** A statement without comments, in capitals, with one space between its words and symbols; names in quotes are "", literals ''. */
export function plainWords(text: string): string {
  const words: string[] = [];
  for (const { kind, start, end } of lex(text)) {
    if (kind === 'string') words.push("''");
    else if (kind === 'quoted-name') words.push('""');
    else if (kind === 'word' || kind === 'symbol') words.push(text.slice(start, end).toUpperCase());
  }
  return words.join(' ');
}
