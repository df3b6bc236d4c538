/**
 * A lexer for what libpg-query cannot give: comments, and statement boundaries that survive errors. It follows scan.l for everything
 * that can hide a semicolon: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/parser/scan.l
 */
export interface Token {
  readonly kind: 'comment' | 'string' | 'quoted-name' | 'word' | 'semicolon' | 'symbol';
  readonly start: number;
  readonly end: number;
  /** False for a literal, name or comment that the text ends in. */
  readonly terminated: boolean;
}

const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*/y;
const NUMBER = /\d[\w.]*/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?\$/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const PLAIN_STRING = /'(?:[^']|'')*/y;
const ESCAPE_STRING = /'(?:[^'\\]|''|\\[\s\S])*/y;
const QUOTED_NAME = /"(?:[^"]|"")*/y;
/** What is neither a comment nor quoted, nor the start of it; an `e` may begin a string. Bounded, since a loop in a pattern takes stack. */
const PLAIN =
  /(?:[^'"$\-/\w\u0080-\uFFFF]+|[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*(?![\w$\u0080-\uFFFF'])|\d[\w.]*(?![\w.])){1,500}/y;
const COMMENT_MARK = /\/\*|\*\//g;

/** Where a dollar quote's tag stands again, from an offset on; -1 where it does not. */
export type FindTag = (tag: string, from: number) => number;

/** For many readings of one text: tags that are never closed cost a search of the text once, and not each time. */
export function tagFinder(text: string): FindTag {
  let last: Map<string, number> | undefined;
  return (tag, from) => {
    if (last !== undefined && (last.get(tag) ?? -1) < from) return -1;
    const at = text.indexOf(tag, from);
    if (at === -1) last ??= lastTags(text);
    return at;
  };
}

function lastTags(text: string): Map<string, number> {
  const last = new Map<string, number>();
  // A dollar sign may end one tag and begin the next.
  for (const match of text.matchAll(/(?=(\$(?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?\$))/g))
    last.set(match[1] ?? '', match.index);
  return last;
}

/** All tokens from `from` on; white space is left out. */
export function* lex(
  text: string,
  from = 0,
  findTag: FindTag = (tag, start) => text.indexOf(tag, start),
): Generator<Token, void, undefined> {
  let at = from;
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    return pattern.test(text);
  };
  while (at < text.length) {
    if (match(SPACE)) {
      at = SPACE.lastIndex;
      continue;
    }
    const token = next(text, at, match, findTag);
    yield token;
    at = token.end;
  }
}

/** Comments and what is quoted, among some other tokens: several times as fast as `lex` where only those matter. */
export function* lexQuoted(text: string): Generator<Token, void, undefined> {
  const match = (pattern: RegExp, at: number): boolean => {
    pattern.lastIndex = at;
    return pattern.test(text);
  };
  for (let at = 0; at < text.length;) {
    if (match(PLAIN, at)) {
      at = PLAIN.lastIndex;
      continue;
    }
    const start = at;
    const token = next(
      text,
      start,
      (pattern) => match(pattern, start),
      (tag, from) => text.indexOf(tag, from),
    );
    yield token;
    at = token.end;
  }
}

/** The token that starts at an offset, which is not white space. */
export function tokenAt(text: string, start: number, findTag: FindTag): Token {
  const match = (pattern: RegExp): boolean => {
    pattern.lastIndex = start;
    return pattern.test(text);
  };
  return next(text, start, match, findTag);
}

function next(text: string, start: number, match: (pattern: RegExp) => boolean, findTag: FindTag): Token {
  const character = text[start];
  if (character === ';') return { kind: 'semicolon', start, end: start + 1, terminated: true };
  if (character === "'")
    return closed('string', text, start, match(PLAIN_STRING) ? PLAIN_STRING.lastIndex : start, "'");
  if (character === '"')
    return closed('quoted-name', text, start, match(QUOTED_NAME) ? QUOTED_NAME.lastIndex : start, '"');
  if (character === '-' && match(LINE_COMMENT))
    return { kind: 'comment', start, end: LINE_COMMENT.lastIndex, terminated: true };
  if (character === '/' && text[start + 1] === '*') return blockComment(text, start);
  if (character === '$' && match(DOLLAR)) {
    const tag = text.slice(start, DOLLAR.lastIndex);
    const close = findTag(tag, DOLLAR.lastIndex);
    return close === -1
      ? { kind: 'string', start, end: text.length, terminated: false }
      : { kind: 'string', start, end: close + tag.length, terminated: true };
  }
  if (match(WORD)) {
    const end = WORD.lastIndex;
    if (text[end] === "'" && /^e$/i.test(text.slice(start, end))) {
      ESCAPE_STRING.lastIndex = end;
      ESCAPE_STRING.test(text);
      return closed('string', text, start, ESCAPE_STRING.lastIndex, "'");
    }
    return { kind: 'word', start, end, terminated: true };
  }
  if (match(NUMBER)) return { kind: 'symbol', start, end: NUMBER.lastIndex, terminated: true };
  return { kind: 'symbol', start, end: start + 1, terminated: true };
}

function closed(kind: 'string' | 'quoted-name', text: string, start: number, end: number, quote: string): Token {
  const terminated = text[end] === quote;
  return { kind, start, end: terminated ? end + 1 : text.length, terminated };
}

/** Block comments nest. */
function blockComment(text: string, start: number): Token {
  COMMENT_MARK.lastIndex = start + 2;
  for (let depth = 1, mark = COMMENT_MARK.exec(text); mark !== null; mark = COMMENT_MARK.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'comment', start, end: COMMENT_MARK.lastIndex, terminated: true };
  }
  return { kind: 'comment', start, end: text.length, terminated: false };
}
