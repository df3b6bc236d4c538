import type { Range } from './statement.ts';

/** Text in which stretches were replaced, and the way back to where it came from. */
export interface Filled {
  readonly text: string;
  /**
   * Where a code unit of `text` starts in the original, or with `'end'` where it ends. A unit of a filled-in value starts and ends where its
   * placeholder does.
   */
  readonly toOriginal: (offset: number, side?: 'start' | 'end') => number;
}

/** What stands instead of a stretch of the original. */
export interface Replacement extends Range {
  readonly value: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly originalStart: number;
  readonly originalEnd: number;
}

/** Replaces stretches, which come in order and do not overlap. */
export function replaced(original: string, replacements: Iterable<Replacement>): Filled {
  const edits: Edit[] = [];
  let text = '';
  let copied = 0;
  for (const { start, end, value } of replacements) {
    text += original.slice(copied, start);
    edits.push({ start: text.length, end: text.length + value.length, originalStart: start, originalEnd: end });
    text += value;
    copied = end;
  }
  if (edits.length === 0)
    return { text: original, toOriginal: (offset, side) => (side === 'end' ? offset + 1 : offset) };
  text += original.slice(copied);
  return { text, toOriginal: (offset, side = 'start') => originalOffset(edits, offset, side) };
}

/** `end` is where the last code unit stands, plus one: inside a filled-in value that is the end of its placeholder. */
export function inOriginal(filled: Filled, { start, end }: Range): Range {
  return { start: filled.toOriginal(start), end: filled.toOriginal(end - 1, 'end') };
}

function originalOffset(edits: readonly Edit[], offset: number, side: 'start' | 'end'): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.start ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const edit = edits[low - 1];
  if (edit !== undefined && offset < edit.end) return side === 'end' ? edit.originalEnd : edit.originalStart;
  const start = edit === undefined ? offset : edit.originalEnd + (offset - edit.end);
  return side === 'end' ? start + 1 : start;
}
