import { lexQuoted } from '../sql/lexer.ts';
import type { Range } from '../sql/statement.ts';
import { blank } from './sections.ts';

/** Where no other is asked for: a semicolon, and a slash or GO on a line of its own. */
const USUAL = /^[ \t]*(\/|go)[ \t]*$/gim;

/**
 * What ends the statements of a changeset beside a semicolon, in offsets of the text; null for one that is sent as it is.
 * https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/util/StringUtil.java
 */
export function delimitersIn(text: string, attributes: string, { start, end }: Range): Range[] | null {
  if (/\bsplitStatements:\s*"?false\b/i.test(attributes)) return null;
  const body = text.slice(start, end);
  const pattern = patternOf(attributes);
  const quoted = [...lexQuoted(body)].filter(
    ({ kind }) => kind === 'comment' || kind === 'string' || kind === 'quoted-name',
  );
  let next = 0;
  return [...body.matchAll(pattern)].flatMap((match) => {
    const [whole, inner = whole] = match;
    const from = match.index + whole.indexOf(inner);
    while ((quoted[next]?.end ?? Infinity) <= from) next += 1;
    if (inner === '' || (quoted[next]?.start ?? Infinity) <= from) return [];
    return [{ start: start + from, end: start + from + inner.length }];
  });
}

/** Whether statements are sent as they stand between delimiters, semicolons and all. */
export function hasDelimiter(attributes: string): boolean {
  return /\bendDelimiter:/i.test(attributes);
}

/** With semicolons where delimiters are. */
export function withSemicolons(text: string, delimiters: readonly Range[]): string {
  let result = '';
  let from = 0;
  for (const { start, end } of delimiters) {
    const at = start + Math.max(0, text.slice(start, end).search(/[^\r\n]/));
    result += `${text.slice(from, at)};${blank(text.slice(at + 1, end))}`;
    from = end;
  }
  return result + text.slice(from);
}

/** Of expressions, those without groups and with few repetitions: they need few steps at each character, whoever wrote them. */
const EXPRESSION = /^(?:(?:\\.|[^\\()[\]{}*+?])[*+?]?){1,40}$/;

/** One character stands for itself, a slash at the beginning of a line alone; more of them are a regular expression. */
function patternOf(attributes: string): RegExp {
  const [, inQuotes, plain] = /\bendDelimiter:\s*(?:"([^"]*)"|(\S+))/i.exec(attributes) ?? [];
  const asked = inQuotes ?? plain ?? '';
  if (asked === '') return USUAL;
  if (asked === '/') return /^[ \t]*(\/)/gm;
  const bounded = asked.replaceAll(/\\.|[*+]/g, (part) => (part === '*' ? '{0,20}' : part === '+' ? '{1,20}' : part));
  const isShort = asked.length > 1 && asked.split(/[*+?]/).length <= 3;
  if (isShort && EXPRESSION.test(asked) && isExpression(bounded)) return new RegExp(bounded, 'gi');
  return new RegExp(asked.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi');
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text, 'gi').source !== '';
  } catch {
    return false;
  }
}
