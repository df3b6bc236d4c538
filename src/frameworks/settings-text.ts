/** The value of `key = "value"`, `key: value` or `key=value` in a TOML, YAML, INI or properties file; the first one that is not a comment. */
export function valueOf(text: string | null, key: string): string | null {
  if (text === null) return null;
  const name = key.replaceAll('.', String.raw`\.`);
  const match = new RegExp(String.raw`^[ \t]*["']?${name}["']?[ \t]*[:=][ \t]*(.*)$`, 'm').exec(text);
  return match === null ? null : unquoted(match[1] ?? '');
}

/** As {@link valueOf}, in one `[section]` of a TOML or INI file. */
export function valueIn(text: string | null, section: string, key: string): string | null {
  return valueOf(sectionOf(text, section), key);
}

/** What stands in one `[section]` of a TOML or INI file; null where there is none. */
export function sectionOf(text: string | null, section: string): string | null {
  const [, ...parts] = (text ?? '').split(/^[ \t]*\[([^\]\n]+)\][^\n]*$/m);
  for (let at = 0; at < parts.length; at += 2) if (parts[at]?.trim() === section) return parts[at + 1] ?? '';
  return null;
}

/** The values of all keys that begin so, by the rest of the key. */
export function entriesOf(text: string | null, prefix: string): Record<string, string> {
  const line = new RegExp(
    String.raw`^[ \t]*["']?${prefix.replaceAll('.', String.raw`\.`)}["']?([\w.:-]+?)["']?[ \t]*[:=][ \t]*(.*)$`,
    'gm',
  );
  return Object.fromEntries(
    [...(text ?? '').matchAll(line)].map(([, key = '', value = '']) => [key, unquoted(value)] as const),
  );
}

/** The texts of a list, `["a", "b"]` or `a,b`. */
export function listIn(value: string | null): string[] {
  if (value === null) return [];
  return value
    .replace(/^\[|\][^\]]*$/g, '')
    .split(',')
    .map((item) => unquoted(item))
    .filter((item) => item !== '');
}

/** The value of a property of an object in JavaScript or JSON, where it is a text: `out: './drizzle'`. */
export function propertyOf(text: string | null, key: string): string | null {
  if (text === null) return null;
  const property = new RegExp(
    String.raw`(?:^|[\s{,"'])${key}["']?\s*:\s*["'\x60]([^"'\x60$]+)["'\x60](?!\s*(?:[+?.|]))`,
  );
  return property.exec(withoutComments(text))?.[1] ?? null;
}

/** The texts that the value of a property is computed from, in JavaScript, the last ones first: `out: process.env.OUT ?? './drizzle'`. */
export function textsInProperty(text: string, key: string): string[] | null {
  const code = withoutComments(text);
  const [, value = ''] =
    new RegExp(String.raw`[\s{,"']${key}["']?\s*:\s*([^\n]*(?:\n\s*[.?:|+][^\n]*)*)`).exec(code) ??
    (new RegExp(String.raw`[{,]\s*${key}\s*[,}]`).test(code)
      ? (new RegExp(String.raw`\b${key}\s*=([^\n]*)`).exec(code) ?? [])
      : []);
  if (value === '') return null;
  const texts = [...value.matchAll(/(["'\x60])((?:(?!\1)[^\\\n])*)\1/g)].map(([, , inner = '']) => inner);
  return texts.map((inner) => inner.replaceAll(/\$\{[^}]*\}/g, '')).toReversed();
}

/** JavaScript without its comments; what looks like one in a text stays. */
function withoutComments(text: string): string {
  return text.replaceAll(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, quoted: string | undefined) => quoted ?? ' ',
  );
}

/** An object in JSON; null where it is none. */
export function objectIn(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a package.json asks for a package. */
export function dependsOn(manifest: Readonly<Record<string, unknown>> | null, name: string): boolean {
  if (manifest === null) return false;
  return ['dependencies', 'devDependencies', 'peerDependencies'].some((key) => {
    const listed = manifest[key];
    return isObject(listed) && Object.hasOwn(listed, name);
  });
}

/** Whether a Cargo.toml names a crate among its dependencies. */
export function needsCrate(cargoToml: string | null, name: string): boolean {
  return new RegExp(String.raw`^[ \t]*(?:${name}[ \t]*[.=]|\[(?:.*\.)?dependencies\.${name}\])`, 'm').test(
    cargoToml ?? '',
  );
}

function unquoted(value: string): string {
  const text = value.trim();
  const quoted = /^(["'])(.*?)\1/.exec(text);
  return quoted === null ? text.replace(/\s+#.*$/, '').trim() : (quoted[2] ?? '');
}
