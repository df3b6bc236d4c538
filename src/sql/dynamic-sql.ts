import type { Action } from './action.ts';
import { constantText, type Value } from './computed-text.ts';
import { parse } from './libpg.ts';
import { lowerStatement } from './lower/statement.ts';

/** What EXECUTE runs, as far as its text is known. */
export type Dynamic =
  | { readonly kind: 'read'; readonly actions: readonly Action[] }
  /** `head` is how it begins, as `ALTER TABLE`. */
  | { readonly kind: 'unreadable'; readonly head: string | null };

/** How a name that only the run knows is written; PostgreSQL takes the marks for letters. */
const PLACEHOLDER = /‹\w*›/;

export function hasPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** Reads computed SQL; what is not known of it is read as a name, then as a number. */
export function readDynamic(value: Value): Dynamic {
  if (value.kind === 'array') return { kind: 'unreadable', head: null };
  const { pieces } = value;
  const constant = constantText(value);
  // What is not known can be anything, also all of the statement.
  const [first] = pieces;
  if (constant === null && (typeof first !== 'string' || first.trim() === ''))
    return { kind: 'unreadable', head: null };
  const fill = (standIn: (label: string) => string): string =>
    pieces.map((piece) => (typeof piece === 'string' ? piece : standIn(piece.label))).join('');
  const asNames = fill((label) => `‹${label.replaceAll(/\W+/g, '_').slice(0, 40)}›`);
  for (const sql of constant === null ? [asNames, fill(() => '0')] : [constant]) {
    const outcome = sql.includes('\0') ? { ok: false as const } : parse(sql);
    if (!outcome.ok) continue;
    return {
      kind: 'read',
      actions: outcome.stmts.flatMap(({ stmt }) => (stmt === undefined ? [] : [lowerStatement(stmt).action])),
    };
  }
  return { kind: 'unreadable', head: head(typeof first === 'string' ? first : '') };
}

/** The words in capitals or keywords that a statement begins with. */
function head(sql: string): string | null {
  const words = /^\s*((?:[A-Za-z]+\s+){1,2})/.exec(sql)?.[1];
  return words === undefined ? null : words.trim().replaceAll(/\s+/g, ' ').toUpperCase();
}
