import type { Action } from './action.ts';
import { type Filled, replaced } from './filled.ts';
import { lex, tagFinder } from './lexer.ts';
import { parse, parseCode, type RawStmt } from './libpg.ts';
import { readAt, TEMPLATE_MARK } from './placeholder.ts';
import { type Fillable, named } from './stand-in.ts';
import type { Range, StandIn } from './statement.ts';

/**
 * A DO block or function whose code is read once the placeholders in it are names; null where the code is read as it stands, or is not even
 * then. In dollar quotes alone: in others, a quote in a placeholder ends them.
 */
export function completeCode(
  text: string,
  action: Action,
): { readonly filled: Filled; readonly stmt: RawStmt; readonly standIns: readonly StandIn[] } | null {
  if (action.kind !== 'do' && action.kind !== 'create-function') return null;
  if (!TEMPLATE_MARK.test(text) || reads(text, action)) return null;
  const placeholders = dollarQuoted(text).flatMap((body) => placeholdersIn(text, body));
  if (placeholders.length === 0) return null;
  const units = named(text, placeholders);
  const filled = replaced(text, units);
  const outcome = parse(filled.text);
  const stmt = outcome.ok ? outcome.stmts[0] : undefined;
  if (stmt === undefined || !reads(filled.text, action)) return null;
  const standIns = placeholders
    .filter(({ kind }) => kind === 'text')
    .map(({ start, end }) => ({ placeholder: text.slice(start, end), range: { start, end }, as: 'name' as const }));
  return { filled, stmt, standIns };
}

function reads(text: string, { language }: { readonly language: string }): boolean {
  if (language === 'plpgsql') return 'tree' in parseCode(text);
  return dollarQuoted(text).every(({ start, end }) => parse(text.slice(start, end)).ok);
}

/** What stands between dollar signs. */
function dollarQuoted(text: string): Range[] {
  return [...lex(text)].flatMap(({ kind, start, end }) => {
    const tag = kind === 'string' ? /^\$[^$]*\$/.exec(text.slice(start, end))?.[0] : undefined;
    return tag === undefined ? [] : [{ start: start + tag.length, end: end - tag.length }];
  });
}

function placeholdersIn(text: string, { start, end }: Range): Fillable[] {
  const body = text.slice(0, end);
  const findTag = tagFinder(body);
  const found: Fillable[] = [];
  for (let at = start; at < end;) {
    const token = readAt(body, at, findTag);
    for (const placeholder of token.placeholders) if (placeholder.certain) found.push({ ...placeholder, value: null });
    at = token.end;
  }
  return found;
}
