import type { Action } from './action.ts';
import { type Fills, leftToTool } from './fills.ts';
import { lexQuoted } from './lexer.ts';
import { lowerStatement } from './lower/statement.ts';
import { fromBytes, fromCodePoints } from './offsets.ts';
import { parse, type RawStmt } from './libpg.ts';
import { SourceText } from './source-text.ts';
import { firstFlatPiece, splitStatements, type Piece } from './split.ts';
import type { Comment, Range, Script, StandIn, Statement, SyntaxFault, Unread } from './statement.ts';
import { inOriginal } from './filled.ts';
import type { PsqlVariables } from './psql.ts';
import type { Include } from './inclusion.ts';
import { type Inclusion, readScriptText } from './script-text.ts';
import { completeCode } from './stand-in-code.ts';
import { complete, type Fillable } from './stand-in.ts';
import { fillVariables } from './variables.ts';

/** A stretch of a text, with what it does or what is wrong with it. */
type Part =
  | { readonly range: Range; readonly text: string; readonly kind: string; readonly action: Action }
  | { readonly range: Range; readonly message: string; readonly at: number };

/** Reads a migration file. Never throws: what cannot be parsed is a fault, and everything around it is read. */
export function parseScript(
  path: string,
  text: string,
  variables: Readonly<Record<string, string>> = {},
  include: Include = () => ({ reason: 'the file that it names is not read here' }),
  fills: Fills | null = null,
): Script {
  const reader = new FileReader(variables, include, fills);
  const own = new SourceText(path, text).text;
  const { parts, ...others } = reader.read(path, own);

  const statements: Statement[] = [];
  const faults: SyntaxFault[] = [];
  for (const [index, part] of parts.entries()) {
    if ('message' in part) faults.push({ index, message: part.message, offset: part.at, range: part.range });
    else {
      const { range, text, kind, action } = part;
      statements.push({ index, range, text, kind, action });
    }
  }
  const source = new SourceText(path, text, reader.included);
  if (fills === null) return { source, statements, faults, ...others };
  const left = leftToTool(own, fills, { given: variables, statements, ...others });
  const standIns = [...others.standIns, ...left].sort((a, b) => a.range.start - b.range.start);
  return { source, statements, faults, ...others, standIns };
}

/** What one script may run of others: files that run each other many times grow without end. */
const MOST_INCLUDED = 1_000;
const MOST_TEXT = 32 * 1024 * 1024;

/** Reads a file and those that it runs, all in the offsets of one text. */
class FileReader {
  readonly included: Array<{ readonly path: string; readonly text: string }> = [];
  readonly #given: Readonly<Record<string, string>>;
  readonly #variables: PsqlVariables;
  readonly #include: Include;
  readonly #fills: Fills | null;
  readonly #open: string[] = [];
  #length = 0;

  constructor(given: Readonly<Record<string, string>>, include: Include, fills: Fills | null) {
    this.#given = given;
    this.#variables = new Map(Object.entries(given));
    this.#include = include;
    this.#fills = fills;
  }

  read(path: string, text: string): Reading {
    const start = this.#length;
    this.#length += text.length + 1;
    this.#open.push(path);
    const filled = fillVariables(text, this.#given, start === 0 ? this.#fills : null);
    const inside: Included[] = [];
    const reading =
      readPlain(filled.text) ??
      readScript(filled.text, this.#variables, (inclusion) => this.#run(path, inclusion, inside));
    this.#open.pop();
    // Nothing was filled in, and nothing stands before it: every place is right already.
    if (filled.text === text && start === 0 && inside.length === 0) return reading;
    const at = (offset: number): number => start + filled.toOriginal(offset);
    const placed = (range: Range): Range => {
      const original = inOriginal(filled, range);
      return { start: start + original.start, end: start + original.end };
    };
    const place = <T extends { readonly range: Range }>(item: T): T => ({ ...item, range: placed(item.range) });
    const own = {
      parts: reading.parts.map((part) => ('message' in part ? { ...place(part), at: at(part.at) } : place(part))),
      comments: reading.comments.map(place),
      standIns: reading.standIns.map(place),
      commands: reading.commands.map(placed),
      unread: reading.unread.map((item) => ({ ...place(item), anchor: at(item.anchor) })),
    };
    return inside.length === 0 ? own : merged(own, inside, at);
  }

  /** Why it does not, or null. */
  #run(from: string, { name, relative, range }: Inclusion, inside: Included[]): string | null {
    if (name === null || name === '') return 'which file it names is known only when the script runs';
    const found = this.#include({ name, from, relative });
    if ('reason' in found) return found.reason;
    if (this.#open.includes(found.path)) return `${found.path} includes itself`;
    const { text } = new SourceText(found.path, found.text);
    if (this.included.length >= MOST_INCLUDED || this.#length + text.length > MOST_TEXT)
      return 'too much is included to read it all';
    this.included.push({ path: found.path, text });
    inside.push({ at: range.start, reading: this.read(found.path, text) });
    return null;
  }
}

/** What a file holds that another runs, and where it is run. */
interface Included {
  readonly at: number;
  readonly reading: Reading;
}

/** In the order in which it is run. */
function merged(own: Reading, included: readonly Included[], at: (offset: number) => number): Reading {
  const parts: Part[] = [];
  let next = 0;
  for (const { at: offset, reading } of included) {
    while ((own.parts[next]?.range.start ?? Infinity) < at(offset)) parts.push(...own.parts.slice(next, (next += 1)));
    parts.push(...reading.parts);
  }
  const all = [own, ...included.map(({ reading }) => reading)];
  return {
    parts: [...parts, ...own.parts.slice(next)],
    comments: all.flatMap(({ comments }) => comments),
    standIns: all.flatMap(({ standIns }) => standIns),
    commands: all.flatMap(({ commands }) => commands),
    unread: all.flatMap(({ unread }) => unread),
  };
}

/** What a text holds. */
interface Reading extends Pick<Script, 'comments' | 'standIns' | 'commands' | 'unread'> {
  readonly parts: readonly Part[];
}

/** The fast way: SQL and nothing else, and nothing wrong with it. */
function readPlain(text: string): Reading | null {
  const { comments, longComments, terminated } = readComments(text);
  if (!terminated) return null;
  const shown = blanked(text, longComments);
  const parts = parseWhole(shown, comments, text);
  if (parts === null) return null;
  const standIns: StandIn[] = [];
  return { parts: parts.map((part) => withCode(part, standIns)), comments, standIns, commands: [], unread: [] };
}

/** The careful way: with placeholders and commands of psql, statement by statement, so that a bad one spoils no other. */
function readScript(text: string, variables: PsqlVariables, include: (inclusion: Inclusion) => string | null): Reading {
  const { sql, masked, placeholders, commands, unread } = readScriptText(text, variables, include);
  const { comments, longComments } = readComments(masked);
  const pieces = new Pieces({ text: blanked(sql, longComments), written: sql, masked }, placeholders);
  const parts = pieces.read();
  return {
    parts,
    comments: comments.map(({ range }) => ({ text: sql.slice(range.start, range.end), range })),
    standIns: withConditions(sql, placeholders, pieces.standIns),
    commands,
    unread: [...unread, ...pieces.unread].sort((a, b) => a.range.start - b.range.start),
  };
}

/** With the conditions of which all branches are read. */
function withConditions(sql: string, placeholders: readonly Fillable[], standIns: readonly StandIn[]): StandIn[] {
  const told = new Set(standIns.map(({ range }) => range.start));
  const others = placeholders
    .filter(({ kind, start }) => kind === 'open' && !told.has(start))
    .map(({ start, end }) => ({ placeholder: sql.slice(start, end), range: { start, end }, as: 'branches' as const }));
  return [...standIns, ...others].sort((a, b) => a.range.start - b.range.start);
}

/** With the placeholders in its code as names, where only that makes it code. */
function withCode(part: Part, standIns: StandIn[]): Part {
  const completed = 'message' in part ? null : completeCode(part.text, part.action);
  if (completed === null) return part;
  const { start } = part.range;
  for (const standIn of completed.standIns) {
    const range = { start: start + standIn.range.start, end: start + standIn.range.end };
    standIns.push({ ...standIn, range });
  }
  return { range: part.range, text: completed.filled.text, ...lowered(completed.stmt) };
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

/** What is parsed at once. The parser's trees take a hundred times the room of their text, and are let go after each piece. */
const PIECE = 250_000;

/** The whole text, or one large piece of it after the other. Null when anything in it is wrong. */
function parseWhole(text: string, comments: readonly Comment[], written: string): Part[] | null {
  if (text.includes('\0')) return null;
  const whole = [{ start: 0, end: text.length }];
  if (text.length <= PIECE) return parseAll(text, comments, written, whole);
  // Where our own splitter is mistaken, the grammar has the last word.
  return parseAll(text, comments, written, largePieces(text)) ?? parseAll(text, comments, written, whole);
}

function parseAll(text: string, comments: readonly Comment[], written: string, pieces: Iterable<Range>): Part[] | null {
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
      const range = trim(from, length === 0 ? end : start + toUnits(location + length));
      const { kind, action } = lowered(stmt);
      parts.push({ range, text: written.slice(range.start, range.end), kind, action });
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

/** Statement by statement, with what the placeholders of each may stand for. */
class Pieces {
  readonly standIns: StandIn[] = [];
  readonly unread: Unread[] = [];
  readonly #text: string;
  readonly #written: string;
  readonly #masked: string;
  readonly #placeholders: readonly Fillable[];
  /** The first placeholder that was not asked for yet. */
  #next = 0;
  /** The tag that begins what another one goes on with, by where that starts. */
  readonly #openOf: ReadonlyMap<number, Range>;
  /** Where conditions begin in the middle of a statement that ends before they do. */
  readonly #unclosed = new Set<number>();

  constructor(
    { text, written, masked }: { text: string; written: string; masked: string },
    placeholders: readonly Fillable[],
  ) {
    this.#text = text;
    this.#written = written;
    this.#masked = masked;
    this.#placeholders = placeholders;
    this.#openOf = openingTags(placeholders);
  }

  read(): Part[] {
    const parts: Part[] = [];
    for (const piece of splitStatements(this.#masked)) {
      const placeholders = this.#within(piece);
      const { end } = placeholders.at(-1) ?? piece;
      const read = this.#piece({ ...piece, end: Math.max(piece.end, end) }, placeholders);
      const isBroken = read.some((part) => 'message' in part);
      if (isBroken && piece.open === null && this.#goesOn(piece)) continue;
      if (isBroken && piece.open === null && this.#masked.slice(piece.start, piece.end).includes(';'))
        parts.push(...this.#flat(piece, placeholders));
      else parts.push(...read);
    }
    return parts;
  }

  #within({ start, end }: Range): readonly Fillable[] {
    const first = this.#next;
    const begun: number[] = [];
    for (;;) {
      const next = this.#placeholders[this.#next];
      if (next === undefined) break;
      // The end of a branch that began in the statement belongs to it.
      const closes =
        begun.length > 0 && ['close', 'else'].includes(next.kind) && this.#masked.slice(end, next.start).trim() === '';
      if (next.start >= end && !closes) break;
      if (next.kind === 'open' && next.start >= start) begun.push(next.start);
      if (next.kind === 'close') begun.pop();
      this.#next += 1;
    }
    for (const tag of begun) this.#unclosed.add(tag);
    return this.#placeholders.slice(first, this.#next);
  }

  /** A broken statement with semicolons inside: the fault is in the first stretch that does not parse alone, the rest is tried again. */
  #flat(piece: Piece, placeholders: readonly Fillable[]): Part[] {
    const parts: Part[] = [];
    const within = this.#masked.slice(0, piece.end);
    for (let from = piece.start; from < piece.end;) {
      const flat = firstFlatPiece(within, from);
      if (flat === null) break;
      const { range } = flat;
      parts.push(
        ...this.#piece(
          range,
          placeholders.filter(({ start }) => start >= range.start && start < range.end),
        ),
      );
      from = flat.next;
    }
    return parts;
  }

  #piece(piece: Piece, placeholders: readonly Fillable[]): Part[] {
    const inside = placeholders.filter(({ start }) => start >= piece.start);
    const open = piece.open;
    const asItStands = parsePiece(this.#text, piece, this.#written);
    const { start, end } = piece;
    if (!('message' in asItStands) || inside.length === 0 || open !== null)
      return [withCode(asItStands, this.standIns)];
    const sql = this.#text.slice(start, end);
    const completed = complete(
      sql,
      inside.map((placeholder) => ({ ...placeholder, start: placeholder.start - start, end: placeholder.end - start })),
    );
    const first =
      inside.find(({ certain, kind, value }) => certain && kind === 'text' && value === null) ??
      inside.find(({ kind }) => kind === 'open' || kind === 'else');
    if (completed === null || completed.stmts.length === 0) {
      if (first === undefined) return [asItStands];
      const action = { kind: 'unknown', node: notKnown(this.#text, first), relations: [] } as const;
      this.#standIn(first, 'nothing');
      return [{ range: { start, end }, text: sql, kind: 'Unknown', action }];
    }
    const { filled, stmts, standIns } = completed;
    const moved = ({ start: from, end: to }: Range): Range => ({ start: start + from, end: start + to });
    for (const standIn of standIns) {
      const range = moved(standIn.range);
      if (standIn.as === 'branch') this.#standIn(this.#openOf.get(range.start) ?? range, standIn.as);
      else this.standIns.push({ ...standIn, range });
      if (standIn.as === 'nothing')
        this.unread.push({ range, reason: `${notKnown(this.#text, range)} is not known`, anchor: start });
    }
    const { comments } = readComments(filled.text);
    const toUnits = fromBytes(filled.text);
    const trim = trimmer(filled.text, comments);
    return stmts.map((stmt) => {
      const { stmt_location: location = 0, stmt_len: length = 0 } = stmt;
      const within = trim(toUnits(location), length === 0 ? filled.text.length : toUnits(location + length));
      return {
        range: moved(inOriginal(filled, within)),
        text: filled.text.slice(within.start, within.end),
        ...lowered(stmt),
      };
    });
  }

  /** Whether a stretch is another end of the statement before it: `CREATE {{if .X}}TABLE a (); {{else}}TABLE b (); {{end}}`. */
  #goesOn({ start, end }: Range): boolean {
    let at = this.#next - 1;
    while ((this.#placeholders[at]?.start ?? -1) >= start || this.#placeholders[at]?.kind === 'note') at -= 1;
    const tag = this.#placeholders[at];
    if (tag?.kind !== 'else' || !this.#unclosed.has(this.#openOf.get(tag.start)?.start ?? -1)) return false;
    const written = this.#text.slice(tag.start, tag.end);
    const reason = `what follows ${written} goes on from a statement before it, and is not read`;
    this.unread.push({ range: { start, end }, reason, anchor: start });
    return true;
  }

  #standIn({ start, end }: Range, as: StandIn['as']): void {
    this.standIns.push({ placeholder: this.#text.slice(start, end), range: { start, end }, as });
  }
}

function openingTags(placeholders: readonly Fillable[]): Map<number, Range> {
  const openOf = new Map<number, Range>();
  const open: Range[] = [];
  for (const { kind, start, end } of placeholders) {
    const tag = open.at(-1);
    if (kind === 'open') open.push({ start, end });
    if (kind === 'close') open.pop();
    if (kind === 'else' && tag !== undefined) openOf.set(start, tag);
  }
  return openOf;
}

function notKnown(text: string, { start, end }: Range): string {
  const written = text.slice(start, end).replaceAll(/\s+/g, ' ');
  return `what ${written.length > 60 ? `${written.slice(0, 59)}…` : written} stands for`;
}

function parsePiece(text: string, piece: Piece, written: string): Part {
  const sql = text.slice(piece.start, piece.end);
  const range = { start: piece.start, end: piece.end };
  if (piece.open?.kind === 'comment') return { range, message: 'unterminated /* comment', at: piece.open.start };
  const nul = sql.indexOf('\0');
  if (nul !== -1) return { range, message: 'a NUL byte: PostgreSQL would stop reading here', at: piece.start + nul };
  const outcome = parse(sql);
  if (!outcome.ok && 'gaveUp' in outcome) return { range, text: written.slice(range.start, range.end), ...UNREADABLE };
  if (!outcome.ok) return { range, message: outcome.message, at: piece.start + fromCodePoints(sql)(outcome.position) };
  const [stmt] = outcome.stmts;
  return stmt === undefined
    ? { range, message: 'nothing that PostgreSQL can run', at: piece.start }
    : { range, text: written.slice(range.start, range.end), ...lowered(stmt) };
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
