/**
 * Splits a list of identifiers as PostgreSQL does where it takes them as text, folding what is not quoted: `a, "B c"` by commas for
 * search_path, `app."Order"` by dots for a relation's name. Null for what is no such list.
 */
export function splitIdentifiers(text: string, separator: ',' | '.'): string[] | null {
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^\s,."]+))\s*/y;
  const parts: string[] = [];
  if (text.trim() === '') return parts;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, quoted, plain = ''] = match;
    parts.push(quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"'));
    if (pattern.lastIndex === text.length) return parts;
    if (text[pattern.lastIndex] !== separator) return null;
    pattern.lastIndex += 1;
  }
}
