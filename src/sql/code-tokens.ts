import { scan } from './libpg.ts';
import { fromBytes } from './offsets.ts';
import type { Range } from './statement.ts';

/** A token that is no comment, by PostgreSQL's own scanner; positions in UTF-16 code units. */
export interface CodeToken extends Range {
  readonly text: string;
  /** In capitals; null where a keyword is only a name, as in `t.where` and `AS where`. */
  readonly keyword: string | null;
  /** How many parentheses and brackets are open around it. */
  readonly depth: number;
  /** `$1` and the like. */
  readonly parameter: boolean;
}

const NO_KEYWORD = 0;

/** Throws where a literal or comment does not end. */
export function codeTokens(sql: string): CodeToken[] {
  const toUnits = fromBytes(sql);
  const tokens: CodeToken[] = [];
  let depth = 0;
  for (const { start: from, end: to, tokenName, keywordKind } of scan(sql)) {
    if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT') continue;
    const start = toUnits(from);
    const end = toUnits(to);
    const text = sql.slice(start, end);
    if (text === ')' || text === ']') depth -= 1;
    const previous = tokens.at(-1);
    const onlyName = previous?.text === '.' || previous?.keyword === 'AS';
    tokens.push({
      text,
      start,
      end,
      keyword: keywordKind === NO_KEYWORD || onlyName ? null : text.toUpperCase(),
      depth,
      parameter: tokenName === 'PARAM',
    });
    if (text === '(' || text === '[') depth += 1;
  }
  return tokens;
}
