/**
 * The parser counts statement locations in bytes of UTF-8 and error positions in code points; ours are UTF-16 code units.
 * Ask with growing offsets: a converter only walks forwards, and starts again when it must.
 */
export type Converter = (offset: number) => number;

const ASCII_ONLY = /^[\u0000-\u007F]*$/;

export function fromBytes(text: string): Converter {
  return converter(text, (codePoint) => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4));
}

export function fromCodePoints(text: string): Converter {
  return converter(text, () => 1);
}

function converter(text: string, width: (codePoint: number) => number): Converter {
  if (ASCII_ONLY.test(text)) return (offset) => Math.min(offset, text.length);
  let units = 0;
  let counted = 0;
  return (offset) => {
    if (offset < counted) {
      units = 0;
      counted = 0;
    }
    while (counted < offset && units < text.length) {
      const codePoint = text.codePointAt(units) ?? 0;
      counted += width(codePoint);
      units += codePoint > 0xffff ? 2 : 1;
    }
    return units;
  };
}
