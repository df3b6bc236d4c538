import type { SourceText } from '../sql/source-text.ts';
import type { Range } from '../sql/statement.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** A longer line is cut around what is meant: a generated file may hold megabytes in one. */
const WIDTH = 110;

/** The line of a range's start, with carets under what is meant of it. */
export function codeFrame(source: SourceText, range: Range, style: Style): string[] {
  const { line, column } = source.position(range.start);
  const text = source.line(line);
  const length = Math.max(1, Math.min(range.end - range.start, text.length - column + 1));
  const from = text.length <= WIDTH ? 0 : Math.max(0, column - 1 - WIDTH / 4);
  const before = shown(text.slice(from, column - 1));
  const meant = shown(text.slice(column - 1, Math.min(column - 1 + length, from + WIDTH)));
  const after = shown(text.slice(column - 1 + length, from + WIDTH));
  const gutter = String(line);
  return [
    `${style.dim(`${gutter} │`)} ${from > 0 ? '…' : ''}${before}${meant}${after}${text.length > from + WIDTH ? '…' : ''}`,
    `${style.dim(`${' '.repeat(gutter.length)} │`)} ${from > 0 ? ' ' : ''}${' '.repeat(width(before))}${style.red('^'.repeat(Math.max(1, width(meant))))}`,
  ];
}

function shown(text: string): string {
  return printable(text.replaceAll('\t', '  '));
}

/** Columns in a terminal: wide characters (CJK, emoji) take two. https://www.unicode.org/reports/tr11/ */
function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
