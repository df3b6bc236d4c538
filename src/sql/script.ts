import type { Action } from './action.ts';
import { lex } from './lexer.ts';
import { lowerStatement } from './lower/statement.ts';
import { fromBytes, fromCodePoints } from './offsets.ts';
import { parse, type RawStmt } from './libpg.ts';
import { SourceText } from './source-text.ts';
import { firstFlatPiece, splitStatements, type Piece } from './split.ts';
import type { Comment, Range, Script, Statement, SyntaxFault } from './statement.ts';
import { fillVariables, type Filled } from './variables.ts';

/** A stretch of the filled text with its parse tree or what is wrong with it. */
type Part =
  | { readonly range: Range; readonly stmt: RawStmt }
  | { readonly range: Range; readonly message: string; readonly at: number }
  | { readonly range: Range; readonly unreadable: true };

/** Reads a migration file. Never throws: what cannot be parsed is a fault, and everything around it is read. */
export function parseScript(path: string, text: string, variables: Readonly<Record<string, string>> = {}): Script {
  const source = new SourceText(path, text);
  const filled = fillVariables(source.text, variables);
  const { comments, longComments, codeTokens, terminated } = readTokens(filled.text);
  const shown = blanked(filled.text, longComments);
  const parts = (terminated ? parseWhole(shown, codeTokens) : null) ?? parsePieces(shown);

  const statements: Statement[] = [];
  const faults: SyntaxFault[] = [];
  for (const [index, part] of parts.entries()) {
    const range = inFile(filled, part.range);
    if ('message' in part) {
      faults.push({ index, message: part.message, offset: filled.toOriginal(part.at), range });
    } else {
      const { kind, action } = 'stmt' in part ? lowered(part.stmt) : UNREADABLE;
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

/** The fast way: the whole file at once. Null when anything in it is wrong. */
function parseWhole(text: string, codeTokens: readonly Range[]): Part[] | null {
  if (text.includes('\0')) return null;
  const outcome = parse(text);
  if (!outcome.ok) return null;
  const toUnits = fromBytes(text);
  const parts: Part[] = [];
  let token = 0;
  for (const stmt of outcome.stmts) {
    const from = toUnits(stmt.stmt_location ?? 0);
    // Length 0 means to the end of the text.
    const to =
      stmt.stmt_len === undefined || stmt.stmt_len === 0
        ? text.length
        : toUnits((stmt.stmt_location ?? 0) + stmt.stmt_len);
    while (token < codeTokens.length && (codeTokens[token]?.start ?? 0) < from) token += 1;
    const start = codeTokens[token]?.start ?? from;
    let end = start;
    while (token < codeTokens.length && (codeTokens[token]?.start ?? 0) < to) {
      end = codeTokens[token]?.end ?? end;
      token += 1;
    }
    parts.push({ range: { start, end }, stmt });
  }
  return parts;
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
  if (!outcome.ok && 'gaveUp' in outcome) return { range, unreadable: true };
  if (!outcome.ok) return { range, message: outcome.message, at: piece.start + fromCodePoints(sql)(outcome.position) };
  const [stmt] = outcome.stmts;
  return stmt === undefined ? { range, message: 'nothing that PostgreSQL can run', at: piece.start } : { range, stmt };
}

interface Tokens {
  readonly comments: readonly Comment[];
  readonly longComments: readonly Range[];
  readonly codeTokens: readonly Range[];
  /** Nothing is open at the end of the text. */
  readonly terminated: boolean;
}

function readTokens(text: string): Tokens {
  const comments: Comment[] = [];
  const longComments: Range[] = [];
  const codeTokens: Range[] = [];
  let terminated = true;
  for (const token of lex(text)) {
    terminated &&= token.terminated;
    if (token.kind === 'comment') {
      comments.push({ text: text.slice(token.start, token.end), range: token });
      if (token.terminated && token.end - token.start > 1_000) longComments.push(token);
    } else if (token.kind !== 'semicolon') codeTokens.push(token);
  }
  return { comments, longComments, codeTokens, terminated };
}
