/** Cuts a text to one line of this width: what wraps would be drawn again and again in a narrow terminal. */
export function fit(text: string, width: number): string {
  let used = 0;
  let kept = '';
  // The longest beginning that leaves room for the mark of what is cut off.
  let cut = '';
  for (const character of text) {
    used += columnsOf(character);
    if (used > width) return `${cut}…`;
    kept += character;
    if (used < width) cut = kept;
  }
  return text;
}

/** The first of the scripts whose characters may be wide; to take a narrow one for wide only leaves room. */
const HANGUL_JAMO = 0x1100;

function columnsOf(character: string): number {
  return (character.codePointAt(0) ?? 0) >= HANGUL_JAMO ? 2 : 1;
}
