import { lex } from '../sql/lexer.ts';

/** What stands between the quotes of the plain string literals of a statement. */
export function stringLiterals(text: string): string[] {
  return [...lex(text)].flatMap(({ kind, start, end }) =>
    kind === 'string' && text[start] === "'" ? [text.slice(start + 1, end - 1).replaceAll("''", "'")] : [],
  );
}
