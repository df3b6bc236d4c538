import { type FindTag, tokenAt } from './lexer.ts';
import type { Range } from './statement.ts';

/** A stretch that a tool fills in before PostgreSQL sees the text, as far as its shape can tell. */
export interface Placeholder extends Range {
  /**
   * `text` stands for SQL; `name` and `literal` for what psql quotes (`:"x"`, `:'x'`); `parameter` for a value that goes beside the statement;
   * `partial` for text of another template; the rest for nothing: `open`, `else` and `close` hold branches, `note` is a comment or a step.
   */
  readonly kind: 'text' | 'name' | 'literal' | 'parameter' | 'partial' | 'open' | 'else' | 'close' | 'note';
  /** By which a value may be given, the likeliest first. */
  readonly names: readonly string[];
  /** False where PostgreSQL might mean something else by it: an operator, an array slice. */
  readonly certain: boolean;
  /** What is used when no value is given: `${NAME:-this}`. */
  readonly fallback: string | null;
  /** The quotes that it stands in. */
  readonly within: '' | "'" | '"';
}

/** A token, or a placeholder in place of one. */
export interface Found extends Range {
  readonly kind: 'space' | 'comment' | 'semicolon' | 'backslash' | 'placeholder' | 'other';
  /** The placeholder, or those that stand in the quotes of a token. */
  readonly placeholders: readonly Placeholder[];
}

/** Delimiters that PostgreSQL's scanner knows nothing of, outside of quotes. The content is the first group that matched. */
const CERTAIN =
  /\{\{!--([\s\S]{0,2000}?)--\}\}|\{#([\s\S]{0,2000}?)#\}|\{\{\{([\s\S]{0,2000}?)\}\}\}|\{\{([\s\S]{0,2000}?)\}\}|\{%([\s\S]{0,2000}?)%\}|<%([\s\S]{0,2000}?)%>|[$#]\{([^{}\r\n]{1,200})\}|\{([A-Za-z_][\w.]*)\}/y;
const OPENS = '{<$#';

const UNCERTAIN =
  /:'([A-Za-z_]\w*)'|:"([A-Za-z_]\w*)"|:([A-Za-z_]\w*)|@@@?([A-Za-z_][\w.]*)@@@?|@([A-Za-z_]\w*(?::\w+)?)@|%\(([A-Za-z_]\w*)\)[sdf]|%([sdfI])(?!\w)|(\?)(?![|&?])|\$(\d+)|\$([A-Za-z_]\w*)(?![\w$\u0080-\uFFFF])|\$\(([A-Za-z_][\w.]*)\)|\[\[[ \t]*([A-Za-z_][\w.]*)[ \t]*\]\]/y;
const MAY_OPEN = ':@%?$[';

/** Whether there may be placeholders in a text, told in no time. */
export const TEMPLATE_MARK = /\{\{|\{%|\{#|<%|[$#]\{|\{[A-Za-z_][\w.]*\}/;

const SPACE = /[ \t\n\r\f\v]+/y;

/** What stands at an offset of code: comments and dollar quotes are read over. */
export function readAt(text: string, start: number, findTag: FindTag): Found {
  SPACE.lastIndex = start;
  if (SPACE.test(text)) return { kind: 'space', start, end: SPACE.lastIndex, placeholders: [] };
  const placeholder = placeholderAt(text, start);
  if (placeholder !== null) return { kind: 'placeholder', start, end: placeholder.end, placeholders: [placeholder] };
  const character = text.charAt(start);
  if (character === '\\') return { kind: 'backslash', start, end: start + 1, placeholders: [] };
  const { kind, end: tokenEnd } = tokenAt(text, start, findTag);
  // A dollar sign may be part of a word, and of tbl_${NAME} it is not.
  const end = kind === 'word' && /^\$[{(]/.test(text.slice(tokenEnd - 1, tokenEnd + 1)) ? tokenEnd - 1 : tokenEnd;
  if (character === "'" || character === '"') {
    const quoted = readQuoted(text, start, character);
    if (quoted.placeholders.length > 0) return { kind: 'other', start, ...quoted };
  }
  return { kind: kind === 'semicolon' || kind === 'comment' ? kind : 'other', start, end, placeholders: [] };
}

function placeholderAt(text: string, at: number): Placeholder | null {
  const character = text.charAt(at);
  return (
    (OPENS.includes(character) ? certainAt(text, at, '') : null) ??
    (MAY_OPEN.includes(character) ? uncertainAt(text, at) : null)
  );
}

function certainAt(text: string, at: number, within: Placeholder['within']): Placeholder | null {
  CERTAIN.lastIndex = at;
  const match = CERTAIN.exec(text);
  if (match === null) return null;
  const [whole] = match;
  const content = match.slice(1).find((group) => group !== undefined) ?? '';
  const kind = kindOf(whole, content);
  return {
    start: at,
    end: at + whole.length,
    kind,
    names: kind === 'text' ? namesOf(content) : [],
    certain: true,
    fallback: whole.startsWith('${') ? (/^\w+:?-(.*)$/.exec(content)?.[1] ?? null) : null,
    within,
  };
}

/** Of a tag: `{{ if .X }}`, `{% endif %}`, `<% } %>`, `{{#rows}}`. */
function kindOf(whole: string, content: string): Placeholder['kind'] {
  const inside = content
    .replace(/^[-~+]/, '')
    .replace(/[-~+]$/, '')
    .trim();
  if (whole.startsWith('{#') || whole.startsWith('{{!')) return 'note';
  if (whole.startsWith('{%')) return BLOCKS.get(wordOf(inside)) ?? (inside.startsWith('end') ? 'close' : 'note');
  if (whole.startsWith('<%')) {
    if (inside.startsWith('#')) return 'note';
    if (content.startsWith('=') || content.startsWith('-')) return 'text';
    if (/^(?:\}\s*)?(?:else|elsif)\b/.test(inside)) return 'else';
    if (/^(?:end\b|\})/.test(inside)) return 'close';
    return /(?:\bdo\b(?:\s*\|[^|]*\|)?|\{|=>)\s*$|^(?:if|unless|for|while)\b/.test(inside) ? 'open' : 'note';
  }
  if (!whole.startsWith('{{') || whole.startsWith('{{{')) return 'text';
  if (inside.startsWith('/*')) return 'note';
  if (inside.startsWith('>')) return 'partial';
  if (/^[#^]/.test(inside)) return 'open';
  if (inside.startsWith('/')) return 'close';
  // Of Go: {{ $x := … }}
  if (/^\$\w+\s*:?=/.test(inside)) return 'note';
  return /^[\w-]+(?:\s|$)/.test(inside) ? (GO_ACTIONS.get(wordOf(inside)) ?? 'text') : 'text';
}

function wordOf(content: string): string {
  return /^\w+/.exec(content)?.[0] ?? '';
}

const GO_ACTIONS = new Map<string, Placeholder['kind']>([
  ['if', 'open'],
  ['range', 'open'],
  ['with', 'open'],
  ['define', 'open'],
  ['block', 'open'],
  ['else', 'else'],
  ['end', 'close'],
  ['template', 'partial'],
  ['include', 'partial'],
  ['break', 'note'],
  ['continue', 'note'],
]);

const BLOCKS = new Map<string, Placeholder['kind']>([
  ['if', 'open'],
  ['for', 'open'],
  ['unless', 'open'],
  ['macro', 'open'],
  ['block', 'open'],
  ['with', 'open'],
  ['filter', 'open'],
  ['raw', 'open'],
  ['elif', 'else'],
  ['elsif', 'else'],
  ['else', 'else'],
  ['include', 'partial'],
]);

/** `.Options.Schema` is also Schema, `index .Options "Schema"` too, and so is `Schema | quote`. */
function namesOf(content: string): string[] {
  const whole = content.replace(/^[-=&~+\s]+/, '').replace(/[-~+\s]+$/, '');
  const [value = ''] = whole.split(/\s*\||:-|:\?|:=/);
  const path = value.replace(/^\$?\./, '').trim();
  const last = /(?:^|[\s.:[(])["']?([A-Za-z_]\w*)["']?[\])]*$/.exec(path)?.[1];
  return [...new Set([whole, path, ...(last === undefined ? [] : [last])])].filter((name) => name !== '');
}

function uncertainAt(text: string, at: number): Placeholder | null {
  UNCERTAIN.lastIndex = at;
  const match = UNCERTAIN.exec(text);
  if (match === null) return null;
  const [whole, literal, name, variable, framed, extension, keyed, format, question, number, ...others] = match;
  const [dollar, parenthesized, bracketed] = others;
  const before = text.charAt(at - 1);
  // A cast, an array slice.
  if (whole.startsWith(':') && (/[\d:\]]/.test(before) || text[at + 1] === ':')) return null;
  if ((number !== undefined || keyed !== undefined) && /\w/.test(before)) return null;
  const given = literal ?? name ?? variable ?? framed ?? extension ?? keyed ?? dollar ?? parenthesized ?? bracketed;
  const kind =
    literal !== undefined
      ? 'literal'
      : name !== undefined
        ? 'name'
        : format !== undefined || keyed !== undefined || question !== undefined || number !== undefined
          ? 'parameter'
          : 'text';
  const names = given === undefined ? [] : [given];
  // A dollar sign begins no name, and what is no number after it is nothing to PostgreSQL.
  const certain = (dollar !== undefined || parenthesized !== undefined) && !/[\w$]/.test(before);
  return { start: at, end: at + whole.length, kind, names, certain, fallback: null, within: '' };
}

/** Only placeholders that have quotes inside need a look; the others are part of the literal or name as they stand. */
function readQuoted(text: string, start: number, quote: '"' | "'"): { end: number; placeholders: Placeholder[] } {
  const placeholders: Placeholder[] = [];
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === quote) {
      if (text[at + 1] !== quote) return { end: at + 1, placeholders };
      at += 2;
      continue;
    }
    const inside = OPENS.includes(text.charAt(at)) ? certainAt(text, at, quote) : null;
    if (inside !== null && hasOwnQuotes(text.slice(inside.start, inside.end), quote)) {
      placeholders.push(inside);
      at = inside.end;
    } else at += 1;
  }
  return { end: text.length, placeholders };
}

/** Not `'{{' || x || '}}'`. */
function hasOwnQuotes(placeholder: string, quote: string): boolean {
  const parts = placeholder.split(quote);
  return parts.length > 1 && parts.length % 2 === 1 && !/^(?:\{[{%#]|<%|[$#]\{)$/.test(parts[0] ?? '');
}
