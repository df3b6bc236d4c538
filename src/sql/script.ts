import type { Action } from './action.ts';
import { lexQuoted } from './lexer.ts';
import { lowerStatement } from './lower/statement.ts';
import { fromBytes, fromCodePoints } from './offsets.ts';
import { parse, type RawStmt } from './libpg.ts';
import { SourceText } from './source-text.ts';
import { firstFlatPiece, splitStatements, type Piece } from './split.ts';
import type { Comment, Range, Script, Statement, SyntaxFault } from './statement.ts';
import { fillVariables, type Filled } from './variables.ts';

/** A stretch of the filled text, with what it does or what is wrong with it. */
type Part =
  | { readonly range: Range; readonly kind: string; readonly action: Action }
  | { readonly range: Range; readonly message: string; readonly at: number };

/** Reads a migration file. Never throws: what cannot be parsed is a fault, and everything around it is read. */
export function parseScript(path: string, text: string, variables: Readonly<Record<string, string>> = {}): Script {
  const source = new SourceText(path, text);
  const filled = fillVariables(source.text, variables);
  const { comments, longComments, terminated } = readComments(filled.text);
  const shown = blanked(filled.text, longComments);
  const parts = (terminated ? parseWhole(shown, comments) : null) ?? parsePieces(shown);

  const statements: Statement[] = [];
  const faults: SyntaxFault[] = [];
  for (const [index, part] of parts.entries()) {
    const range = inFile(filled, part.range);
    if ('message' in part) {
      faults.push({ index, message: part.message, offset: filled.toOriginal(part.at), range });
    } else {
      const { kind, action } = part;
      statements.push({ index, text: filled.text.slice(part.range.start, part.range.end), range, kind, action });
    }
  }
  return {
    source,
    statements,
    faults,
    comments: comments.map((comment) => ({ ...comment, range: inFile(filled, comment.range) })),
  };
}

/** What could not be read is said, and never taken for harmless. */
const UNREADABLE = {
  kind: 'Unknown',
  action: { kind: 'unknown', node: 'a statement this deep', relations: [] },
} as const;

function lowered({ stmt }: RawStmt): { kind: string; action: Action } {
  if (stmt === undefined) return UNREADABLE;
  try {
    return lowerStatement(stmt);
  } catch (error) {
    // A tree deeper than the stack.
    if (error instanceof RangeError) return UNREADABLE;
    throw error;
  }
}

/** The scanner's time grows with the square of comments in comments, so it is shown blanks in place of long ones. */
function blanked(text: string, longComments: readonly Range[]): string {
  let result = '';
  let from = 0;
  for (const { start, end } of longComments) {
    result += text.slice(from, start) + ' '.repeat(end - start);
    from = end;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** `end` is where the last code unit stands, plus one: inside a filled-in value that is the end of its placeholder. */
function inFile(filled: Filled, range: Range): Range {
  return { start: filled.toOriginal(range.start), end: filled.toOriginal(range.end - 1, 'end') };
}

/** What is parsed at once. The parser's trees take a hundred times the room of their text, and are let go after each piece. */
const PIECE = 250_000;

/** The fast way: the whole file, or one large piece of it after the other. Null when anything in it is wrong. */
function parseWhole(text: string, comments: readonly Comment[]): Part[] | null {
  if (text.includes('\0')) return null;
  const whole = [{ start: 0, end: text.length }];
  if (text.length <= PIECE) return parseAll(text, comments, whole);
  // Where our own splitter is mistaken, the grammar has the last word.
  return parseAll(text, comments, largePieces(text)) ?? parseAll(text, comments, whole);
}

function parseAll(text: string, comments: readonly Comment[], pieces: Iterable<Range>): Part[] | null {
  const trim = trimmer(text, comments);
  const parts: Part[] = [];
  for (const { start, end } of pieces) {
    const piece = text.slice(start, end);
    const outcome = parse(piece);
    if (!outcome.ok) return null;
    const toUnits = fromBytes(piece);
    for (const stmt of outcome.stmts) {
      const { stmt_location: location = 0, stmt_len: length = 0 } = stmt;
      const from = start + toUnits(location);
      // Length 0 means to the end of the text.
      parts.push({ range: trim(from, length === 0 ? end : start + toUnits(location + length)), ...lowered(stmt) });
    }
  }
  return parts;
}

/** Stretches that end where a statement does. */
function* largePieces(text: string): Generator<Range, void, undefined> {
  let start = 0;
  for (const { end } of splitStatements(text)) {
    if (end - start < PIECE) continue;
    yield { start, end };
    start = end;
  }
  yield { start, end: text.length };
}

/** Takes white space, comments and empty statements off the ends of stretches, which are asked for from first to last. */
function trimmer(text: string, comments: readonly Comment[]): (from: number, to: number) => Range {
  // The first comment that is not before what was asked for.
  let next = 0;
  return (from, to) => {
    let start = skipBlank(text, from);
    for (; ; next += 1) {
      const comment = comments[next]?.range;
      if (comment === undefined || comment.start > start) break;
      if (comment.end > start) start = skipBlank(text, comment.end);
    }
    while ((comments[next]?.range.start ?? Infinity) < to) next += 1;
    let end = skipBlankBack(text, to);
    for (let last = next - 1; end > start; last -= 1) {
      const comment = comments[last]?.range;
      if (comment === undefined || comment.end < end) break;
      if (comment.start < end) end = skipBlankBack(text, comment.start);
    }
    return { start, end: Math.max(start, end) };
  };
}

const BLANK = ' \t\n\r\f\v';

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text[at] === ';' || BLANK.includes(text.charAt(at)))) at += 1;
  return at;
}

function skipBlankBack(text: string, to: number): number {
  let at = to;
  while (at > 0 && BLANK.includes(text.charAt(at - 1))) at -= 1;
  return at;
}

/** The careful way: statement by statement, so that one bad statement spoils no other. */
function parsePieces(text: string): Part[] {
  const parts: Part[] = [];
  for (const piece of splitStatements(text)) {
    const part = parsePiece(text, piece);
    if ('message' in part && piece.open === null && text.slice(piece.start, piece.end).includes(';'))
      parts.push(...parseFlat(text, piece));
    else parts.push(part);
  }
  return parts;
}

/** A broken statement with semicolons inside: the fault is in the first stretch that does not parse alone, the rest is tried again. */
function parseFlat(text: string, piece: Piece): Part[] {
  const parts: Part[] = [];
  const within = text.slice(0, piece.end);
  for (let from = piece.start; from < piece.end;) {
    const flat = firstFlatPiece(within, from);
    if (flat === null) break;
    parts.push(parsePiece(text, flat.range));
    from = flat.next;
  }
  return parts;
}

function parsePiece(text: string, piece: Piece): Part {
  const sql = text.slice(piece.start, piece.end);
  const range = { start: piece.start, end: piece.end };
  if (piece.open?.kind === 'comment') return { range, message: 'unterminated /* comment', at: piece.open.start };
  const nul = sql.indexOf('\0');
  if (nul !== -1) return { range, message: 'a NUL byte: PostgreSQL would stop reading here', at: piece.start + nul };
  const outcome = parse(sql);
  if (!outcome.ok && 'gaveUp' in outcome) return { range, ...UNREADABLE };
  if (!outcome.ok) return { range, message: outcome.message, at: piece.start + fromCodePoints(sql)(outcome.position) };
  const [stmt] = outcome.stmts;
  return stmt === undefined
    ? { range, message: 'nothing that PostgreSQL can run', at: piece.start }
    : { range, ...lowered(stmt) };
}

interface Comments {
  readonly comments: readonly Comment[];
  readonly longComments: readonly Range[];
  /** Nothing is open at the end of the text. */
  readonly terminated: boolean;
}

/** The comments of a text; the longest are kept apart. */
export function readComments(text: string): Comments {
  const comments: Comment[] = [];
  const longComments: Range[] = [];
  let terminated = true;
  for (const token of lexQuoted(text)) {
    terminated &&= token.terminated;
    if (token.kind !== 'comment') continue;
    comments.push({ text: text.slice(token.start, token.end), range: token });
    if (token.terminated && token.end - token.start > 1_000) longComments.push(token);
  }
  return { comments, longComments, terminated };
}
