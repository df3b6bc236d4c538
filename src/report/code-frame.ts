import type { SourceText } from '../sql/source-text.ts';
import type { Range } from '../sql/statement.ts';
import { isPlain, printable } from './printable.ts';
import type { Style } from './style.ts';

/**
 * The line of a range's start, with carets under what is meant of it. A line of more than `width` columns, gutter included, is cut around
 * that: a generated file may hold megabytes in one.
 */
export function codeFrame(source: SourceText, range: Range, style: Style, width = 120): string[] {
  const { line, column } = source.position(range.start);
  // The gutter, its bar, and a dot on each side.
  const room = Math.max(20, width - String(line).length - 5);
  const text = source.line(line);
  const length = Math.max(1, Math.min(range.end - range.start, text.length - column + 1));
  const from = text.length <= room ? 0 : Math.max(0, column - 1 - Math.floor(room / 4));
  const before = shown(text.slice(from, column - 1));
  const meant = shown(text.slice(column - 1, Math.min(column - 1 + length, from + room)));
  const after = shown(text.slice(column - 1 + length, from + room));
  const gutter = String(line);
  return [
    `${style.dim(`${gutter} │`)} ${from > 0 ? '…' : ''}${before}${meant}${after}${text.length > from + room ? '…' : ''}`,
    `${style.dim(`${' '.repeat(gutter.length)} │`)} ${from > 0 ? ' ' : ''}${' '.repeat(columnsOf(before))}${style.red('^'.repeat(Math.max(1, columnsOf(meant))))}`,
  ];
}

function shown(text: string): string {
  return printable(text.replaceAll('\t', '  '));
}

/** Columns in a terminal: wide characters (CJK, emoji) take two. https://www.unicode.org/reports/tr11/ */
function columnsOf(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
