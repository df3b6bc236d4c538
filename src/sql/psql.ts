import { quoteString } from './quote.ts';
import type { Range } from './statement.ts';

/**
 * What a variable of psql holds: null where that is only known when the script runs, undefined where the script has unset it. One that is
 * not there may be given by `psql -v`.
 */
export type PsqlVariables = Map<string, string | null | undefined>;

/** A command of psql: what stands between its backslash and the end of the line, or the next backslash. */
export interface MetaCommand extends Range {
  readonly name: string;
  /** Null for what is only known when the script runs: backquotes, and variables that are not known. */
  readonly args: ReadonlyArray<string | null>;
  /** The arguments as they stand. */
  readonly rest: Range;
}

/** What has an effect on the text around it, or on the database. */
const TAKES_LINE = new Set(['!', 'copy', 'gexec', 'ef', 'ev', 'h', 'help', 'sf', 'sv']);

/** Reads the command whose backslash is at an offset, on a line that ends where `lineEndOf` says. */
export function readMetaCommand(
  text: string,
  start: number,
  variables: PsqlVariables,
  lineEndOf: (offset: number) => number,
): MetaCommand {
  const name = /\\(?:[A-Za-z_+]+|.|$)/y;
  name.lastIndex = start;
  const word = (name.exec(text)?.[0] ?? '\\').slice(1).replace(/\+$/, '');
  const from = start + 1 + word.length;
  // `\;` and the like
  if (/^[^\w!?]?$/.test(word)) return { name: word, start, end: from, args: [], rest: { start: from, end: from } };
  const lineEnd = lineEndOf(start);
  if (TAKES_LINE.has(word)) return { name: word, start, end: lineEnd, args: [], rest: { start: from, end: lineEnd } };
  const args: Array<string | null> = [];
  let at = from;
  while (at < lineEnd) {
    if (/[ \t\r\f\v]/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    if (text[at] === '\\') break;
    const argument = readArgument(text, at, lineEnd, variables);
    args.push(argument.value);
    at = argument.end;
  }
  const rest = { start: from, end: at };
  // Two backslashes end the arguments, and SQL follows.
  const end = text.startsWith('\\\\', at) && at < lineEnd ? at + 2 : at;
  return { name: word, start, end, args, rest };
}

/** Finds the ends of lines; a line is searched once, however often it is asked for. */
export function lineEnds(text: string): (offset: number) => number {
  let start = 0;
  let end = -1;
  return (offset) => {
    if (offset < start || offset > end) {
      const newline = text.indexOf('\n', offset);
      start = offset;
      end = newline === -1 ? text.length : newline > offset && text[newline - 1] === '\r' ? newline - 1 : newline;
    }
    return end;
  };
}

/** Pieces that stand side by side are one argument. */
function readArgument(
  text: string,
  start: number,
  lineEnd: number,
  variables: PsqlVariables,
): { value: string | null; end: number } {
  let value: string | null = '';
  let at = start;
  const add = (piece: string | null): void => {
    value = value === null || piece === null ? null : value + piece;
  };
  while (at < lineEnd && !/[ \t\r\f\v\\]/.test(text.charAt(at))) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null || PIECE.lastIndex > lineEnd) {
      add(text.charAt(at));
      at += 1;
      continue;
    }
    const [, single, double, backquoted, asked, literal, name, variable, plain] = match;
    if (single !== undefined) add(unescaped(single));
    else if (double !== undefined) add(double);
    else if (backquoted !== undefined) add(null);
    else if (asked !== undefined) add(isSet(asked, variables));
    else if (literal !== undefined) add(mapped(variables.get(literal), quoteString));
    else if (name !== undefined) add(mapped(variables.get(name), (known) => `"${known.replaceAll('"', '""')}"`));
    else if (variable !== undefined) add(variables.has(variable) ? (variables.get(variable) ?? null) : `:${variable}`);
    else add(plain ?? '');
    at = PIECE.lastIndex;
  }
  return { value, end: at };
}

const PIECE =
  /'((?:[^'\\\r\n]|''|\\.)*)'|"([^"\r\n]*)"|(`[^`\r\n]*`)|:\{\?(\w+)\}|:'(\w+)'|:"(\w+)"|:(\w+)|([^'"`:\\\s]+)/y;

function isSet(name: string, variables: PsqlVariables): string | null {
  if (!variables.has(name)) return null;
  return variables.get(name) === undefined ? 'FALSE' : 'TRUE';
}

function mapped(value: string | null | undefined, map: (known: string) => string): string | null {
  return value === undefined || value === null ? null : map(value);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function unescaped(text: string): string {
  return text.replaceAll(/''|\\(.)/g, (_, character: string | undefined) =>
    character === undefined ? "'" : (ESCAPES[character] ?? character),
  );
}

/** As psql reads a boolean: any unambiguous beginning of the words, in any case. Null where it is not known. */
export function booleanOf(value: string | null | undefined): boolean | null {
  const word = value?.toLowerCase();
  if (word === undefined || word === '') return null;
  if ('true'.startsWith(word) || 'yes'.startsWith(word) || word === 'on' || word === '1') return true;
  if ('false'.startsWith(word) || 'no'.startsWith(word) || word === 'of' || word === 'off' || word === '0')
    return false;
  return null;
}

/** Commands that send what was written before them, as a semicolon does. */
export const SENDS = new Set([
  'g',
  'gx',
  'gset',
  'gexec',
  'gdesc',
  'crosstabview',
  'watch',
  'bind',
  'bind_named',
  'parse',
]);

/** Commands that show something, or say how to. */
export const HARMLESS = new Set(
  `? a c connect C cd close_prepared conninfo copyright dconfig echo echo_hidden e edit ef ev encoding errverbose f flush
  flush_request getenv getresults h help H html l list lo_list o out p print password pset prompt q quit qecho r reset restrict s
  sendpipeline setenv set sf startpipeline endpipeline syncpipeline sv t T timing unrestrict unset w write warn x z`.split(
    /\s+/,
  ),
);
