import { array, assert, constantFrom, property } from 'fast-check';
import { expect, test } from 'vitest';
import { lex, lexQuoted, type Token } from '../../src/sql/lexer.ts';

const PIECES = `e' E'a\\'b' ' '' " $$ $a$ a$b$c --x\n /* */ 1e 1.5 é x- - / ; e ab _ $1 U& \\ é$q$ a' e1' 1' 1e'`.split(
  ' ',
);

test('the quick way finds the comments and quotes that reading token by token finds', () => {
  const text = array(constantFrom(...PIECES, ' ', '\n'), { maxLength: 12 }).map((pieces) => pieces.join(''));
  const marks = (tokens: Iterable<Token>) =>
    [...tokens].filter(({ kind }) => kind === 'comment' || kind === 'string' || kind === 'quoted-name');
  assert(
    property(text, (sql) => {
      expect(marks(lexQuoted(sql))).toEqual(marks(lex(sql)));
    }),
    { numRuns: 3_000 },
  );
});
