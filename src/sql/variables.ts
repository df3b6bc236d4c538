/** Text with variables filled in, and the way back to the file. */
export interface Filled {
  readonly text: string;
  /**
   * Where a code unit of `text` starts in the original, or with `'end'` where it ends. A unit of a filled-in value starts and ends where its
   * placeholder does.
   */
  readonly toOriginal: (offset: number, side?: 'start' | 'end') => number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly originalStart: number;
  readonly originalEnd: number;
}

/**
 * Replaces every `:NAME` for which a value is given, wherever it stands, also inside dollar quotes. `::NAME` is a cast and stays;
 * `:::NAME` is a cast to `:NAME`.
 */
export function fillVariables(original: string, variables: Readonly<Record<string, string>>): Filled {
  const names = Object.keys(variables);
  if (names.length === 0)
    return { text: original, toOriginal: (offset, side) => (side === 'end' ? offset + 1 : offset) };
  const placeholder = new RegExp(String.raw`(?:(?<!:)|(?<=::)):(${names.join('|')})\b`, 'g');
  const edits: Edit[] = [];
  let text = '';
  let copied = 0;
  for (const match of original.matchAll(placeholder)) {
    text += original.slice(copied, match.index);
    const value = variables[match[1] ?? ''] ?? '';
    copied = match.index + match[0].length;
    edits.push({
      start: text.length,
      end: text.length + value.length,
      originalStart: match.index,
      originalEnd: copied,
    });
    text += value;
  }
  text += original.slice(copied);
  return { text, toOriginal: (offset, side = 'start') => originalOffset(edits, offset, side) };
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
