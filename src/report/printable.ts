/**
 * Text of unknown origin, made safe to print: control and direction-changing characters are escaped, so that neither a migration
 * nor another session's query can move the cursor, recolour the terminal or hide text (CVE-2021-42574).
 */
export function printable(text: string, options: { newlines?: boolean; tabs?: boolean } = {}): string {
  if (isPlain(text)) return text;
  return text.replaceAll(UNSAFE, (character) => {
    if (character === '\n' && options.newlines === true) return character;
    if (character === '\t' && options.tabs === true) return character;
    return escape(character);
  });
}

/** Whether it is printable ASCII alone, as most text is: nothing to escape, and each character a column wide. */
export function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

// C0, DEL, C1, line and paragraph separators, and the bidirectional controls; lone surrogates cannot be written as UTF-8.
const UNSAFE =
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

function escape(character: string): string {
  if (character === '\n') return String.raw`\n`;
  if (character === '\r') return String.raw`\r`;
  if (character === '\t') return String.raw`\t`;
  const code = character.charCodeAt(0);
  return code <= 0xff
    ? String.raw`\x${code.toString(16).padStart(2, '0')}`
    : String.raw`\u${code.toString(16).padStart(4, '0')}`;
}
