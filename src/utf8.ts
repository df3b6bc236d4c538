/** Text, or the first byte that is no UTF-8 and the line (from 1) it stands in. A byte order mark stays in the text. */
export type Decoded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly offset: number; readonly byte: number; readonly line: number };

const REPLACEMENT = '\uFFFD';
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function decodeUtf8(bytes: Uint8Array): Decoded {
  const text = UTF8.decode(bytes);
  if (!text.includes(REPLACEMENT)) return { ok: true, text };
  let offset = 0;
  let line = 1;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    // The replacement character may stand in the file itself.
    const own = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (character === REPLACEMENT && !own) return { ok: false, offset, byte: bytes[offset] ?? 0, line };
    if (character === '\n') line += 1;
    offset += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return { ok: true, text };
}

/** `is not UTF-8: byte 0xe9 at offset 6, in line 1`. */
export function notUtf8({ offset, byte, line }: Extract<Decoded, { ok: false }>): string {
  return `is not UTF-8: byte 0x${byte.toString(16).padStart(2, '0')} at offset ${offset}, in line ${line}`;
}
