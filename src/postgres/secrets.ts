const MASK = '***';

/** `scheme://user:password@`; greedy, because a password that was not encoded may hold an `@` or a `/`. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/?#@'"]*:)[^\s'"]*@/gi;

/**
 * `password=…` in a connection string, a URL's query or the environment. The string may itself stand in an SQL
 * literal, where its quotes are doubled (`password=''a b''`) or escaped (`password=\'a b\'`).
 */
const KEYWORD = String.raw`\b(\w*(?:password|passwd|passphrase)|pwd)`;
const QUOTED_VALUES = [
  String.raw`''(?:''''|[^'])*(?:''|$)`,
  String.raw`\\'(?:\\\\|[^\\'])*(?:\\'|$)`,
  String.raw`'(?:''|\\[\s\S]|[^'\\])*(?:'|$)`,
  String.raw`"(?:\\[\s\S]|[^"\\])*(?:"|$)`,
];
const ASSIGNMENT = new RegExp(String.raw`${KEYWORD}(\s*=\s*)(?:${QUOTED_VALUES.join('|')}|(?:''|[^\s&'"])+)`, 'gi');

/** `"password": "…"` */
const JSON_MEMBER = new RegExp(String.raw`("${KEYWORD}"\s*:\s*)"(?:\\[\s\S]|[^"\\])*(?:"|$)`, 'gi');

/** PASSWORD '…' in role DDL and in OPTIONS (…); a literal that the text cuts short counts to its end. */
const GAP = String.raw`(?:\s|/\*[\s\S]*?\*/|--[^\n]*\n)*`;
const LITERALS = [
  // Inside of dynamic SQL a literal's quotes are doubled, or escaped.
  String.raw`''''[^']+(?:''''|$)`,
  String.raw`''(?:''''|[^'])+(?:''|$)`,
  String.raw`\\'(?:\\\\|[^\\'])*(?:\\'|$)`,
  String.raw`E'(?:''|\\[\s\S]|[^'\\])*(?:'|$)`,
  String.raw`(?:U&)?'(?:''|[^'])*(?:'|$)`,
  String.raw`\$(?<tag>\w*)\$[\s\S]*?(?:\$\k<tag>\$|$)`,
];
const CONTINUATION = String.raw`(?:[^\S\n]*\n\s*'(?:''|[^'])*(?:'|$))*`;
const SQL_PASSWORD = new RegExp(String.raw`(${KEYWORD}"?${GAP})(?:${LITERALS.join('|')})${CONTINUATION}`, 'gi');

/**
 * Replaces passwords in a text by `***`: in URLs, connection strings, PGPASSWORD=, role DDL, OPTIONS of user mappings
 * and JSON. Rather masks too much than too little.
 */
export function maskSecrets(text: string): string {
  return replaceSecrets(text, (_, quote) => quote + MASK + quote);
}

/** Like {@link maskSecrets}, but every line and column stays where it is. For a whole file, since a password may stand below its keyword. */
export function hideSecrets(text: string): string {
  return replaceSecrets(text, (secret) => secret.replaceAll(/[^\r\n]/g, '*'));
}

/** Masks what `maskSecrets` does, and the passwords of `source` too: a message may quote a word of the statement that it is about. */
export function maskSecretsOf(source: string, text: string): string {
  const secrets: string[] = [];
  replaceSecrets(source, (secret) => {
    const bare = secret.replaceAll(/^\W+|\W+$/g, '');
    if (bare !== '') secrets.push(bare);
    return secret;
  });
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return maskSecrets(longestFirst.reduce((masked, secret) => masked.replaceAll(secret, MASK), text));
}

function replaceSecrets(text: string, replacement: (secret: string, quote: string) => string): string {
  const after = (quote: string) => (whole: string, before: string) =>
    before + replacement(whole.slice(before.length), quote);
  return text
    .replaceAll(
      URL_PASSWORD,
      (whole: string, before: string) => `${before}${replacement(whole.slice(before.length, -1), '')}@`,
    )
    .replaceAll(SQL_PASSWORD, after(`'`))
    .replaceAll(ASSIGNMENT, (whole: string, keyword: string, equals: string) => {
      const before = keyword + equals;
      return before + replacement(whole.slice(before.length), '');
    })
    .replaceAll(JSON_MEMBER, after('"'));
}
