import { type FindTag, lex, tagFinder, type Token } from './lexer.ts';
import type { Range } from './statement.ts';

/** A stretch between semicolons, from its first token that is no comment to its last. */
export interface Piece extends Range {
  /** An unterminated literal, name or comment in it. */
  readonly open: Token | null;
}

/**
 * Splits at semicolons where PostgreSQL's grammar cannot, because something in the text is wrong. Semicolons in parentheses (CREATE RULE)
 * and in `BEGIN ATOMIC … END` stay inside their statement. A literal that never ends is given up at the end of a line that ends in a
 * semicolon, so that one stray quote does not swallow the rest of the file.
 */
export function* splitStatements(text: string): Generator<Piece, void, undefined> {
  const findTag = tagFinder(text);
  let from = 0;
  let hasData = true;
  while (from < text.length) {
    const piece = readPiece(text, from, { nesting: true, findTag });
    if (piece === null) return;
    yield piece.range;
    const isCopy: boolean = hasData && COPY_DATA.test(text.slice(piece.range.start, piece.range.end));
    const dataEnd: number | null = isCopy ? endOfCopyData(text, piece.next) : null;
    hasData &&= !isCopy || dataEnd !== null;
    from = dataEnd ?? piece.next;
  }
}

/** What follows up to a line with `\\.` alone is data. */
const COPY_DATA = /^copy\b[^;]*\bfrom\s+stdin\b/i;

function endOfCopyData(text: string, from: number): number | null {
  const end = /^\\\.[ \t]*\r?$/m;
  const match = end.exec(text.slice(from));
  return match === null ? null : from + match.index + match[0].length;
}

/** The part of a broken statement up to its first semicolon at any depth: an unclosed parenthesis must not hide the statements after it. */
export function firstFlatPiece(text: string, from: number): { range: Piece; next: number } | null {
  return readPiece(text, from, { nesting: false, findTag: undefined });
}

function readPiece(
  text: string,
  from: number,
  { nesting, findTag }: { nesting: boolean; findTag: FindTag | undefined },
): { range: Piece; next: number } | null {
  let start = -1;
  let end = from;
  let parentheses = 0;
  let blocks = 0;
  let previousWord = '';
  for (const token of lex(text, from, findTag)) {
    if (!token.terminated) {
      const resume = endOfBrokenLine(text, token.start);
      return { range: { start: start === -1 ? token.start : start, end: resume.end, open: token }, next: resume.next };
    }
    if (token.kind === 'comment') continue;
    if (token.kind === 'semicolon') {
      const inside = nesting && (parentheses > 0 || blocks > 0);
      if (!inside) {
        if (start !== -1) return { range: { start, end, open: null }, next: token.end };
        continue;
      }
    }
    if (start === -1) {
      // A command of psql ends with its line.
      if (text[token.start] === '\\') {
        const line = /[^\r\n]*/y;
        line.lastIndex = token.start;
        line.test(text);
        return { range: { start: token.start, end: line.lastIndex, open: null }, next: line.lastIndex };
      }
      start = token.start;
    }
    end = token.end;
    if (token.kind === 'symbol') {
      const symbol = text[token.start];
      if (symbol === '(') parentheses += 1;
      else if (symbol === ')') parentheses = Math.max(0, parentheses - 1);
    }
    if (token.kind === 'word') {
      const word = text.slice(token.start, token.end).toLowerCase();
      if (word === 'atomic' && previousWord === 'begin') blocks = 1;
      else if (word === 'case' && blocks > 0) blocks += 1;
      else if (word === 'end' && blocks > 0) blocks -= 1;
      previousWord = word;
    }
  }
  return start === -1 ? null : { range: { start, end, open: null }, next: text.length };
}

function endOfBrokenLine(text: string, from: number): { end: number; next: number } {
  const pattern = /;[ \t]*\r?(?:\n|$)/g;
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  if (match === null) return { end: text.trimEnd().length, next: text.length };
  return { end: match.index, next: match.index + 1 };
}
