import { printable } from './printable.ts';

/** Attributes of an element, safe for XML 1.0: what XML cannot hold is escaped as in the terminal. */
export function xmlAttributes(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${xmlText(String(value))}"`)
    .join('');
}

export function xmlText(text: string): string {
  return printable(text).replaceAll(
    /[&<>"'\uFFFE\uFFFF]|#(?=#\w*\[)|:(?=:)/g,
    (character) => ENTITIES[character] ?? character,
  );
}

/** `##[` and `::` would be read by CI systems. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '#': '&#35;',
  ':': '&#58;',
  '\uFFFE': '\uFFFD',
  '\uFFFF': '\uFFFD',
};
