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
  return text
    .replaceAll(URL_PASSWORD, `$1${MASK}@`)
    .replaceAll(SQL_PASSWORD, `$1'${MASK}'`)
    .replaceAll(ASSIGNMENT, `$1$2${MASK}`)
    .replaceAll(JSON_MEMBER, `$1"${MASK}"`);
}
