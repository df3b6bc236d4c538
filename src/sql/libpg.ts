import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import type { ParseResult, RawStmt, ScanToken, SqlError } from 'libpg-query';

/**
 * PostgreSQL's own grammar, compiled to WASM. This file alone imports libpg-query.
 * https://github.com/constructive-io/libpg-query-node
 */
type LibPgQuery = typeof import('libpg-query');

let library: LibPgQuery | undefined;

/** Loads the WASM module; must have finished before anything below is called. */
export async function loadParser(): Promise<void> {
  if (library !== undefined) return;
  // The optimising compilers, of WASM and of JavaScript, cost more than they bring for a run of a second or two.
  setFlagsFromString('--liftoff-only');
  setFlagsFromString('--interrupt-budget=270000');
  await loadParserAsGuest();
}

/** The same in a process that is not ours to tune. */
export async function loadParserAsGuest(): Promise<void> {
  if (library !== undefined) return;
  // It is CommonJS, which `import` would read through once more for its names: 10 ms of each start.
  const loaded = createRequire(import.meta.url)('libpg-query') as LibPgQuery;
  await loaded.loadModule();
  library = loaded;
}

function libpg(): LibPgQuery {
  if (library === undefined) throw new Error('loadParser() must have finished before SQL is parsed.');
  return library;
}

export type ParseOutcome =
  | { readonly ok: true; readonly stmts: readonly RawStmt[] }
  /** `position` counts code points from the start of the text. */
  | { readonly ok: false; readonly message: string; readonly position: number }
  /** Not the grammar's refusal: the parser itself could not cope, with an expression of thousands of levels, say. */
  | { readonly ok: false; readonly gaveUp: true };

/** Statement locations of the result are in bytes of UTF-8. The text must not contain NUL: libpg-query stops there in silence. */
export function parse(sql: string): ParseOutcome {
  if (sql.trim() === '') return { ok: true, stmts: [] };
  try {
    const result: ParseResult = libpg().parseSync(sql);
    return { ok: true, stmts: result.stmts ?? [] };
  } catch (error) {
    if (!libpg().hasSqlDetails(error)) return { ok: false, gaveUp: true };
    const { message, sqlDetails }: SqlError = error;
    return { ok: false, message, position: sqlDetails?.cursorPosition ?? 0 };
  }
}

/** The tree of a DO block or a CREATE FUNCTION in PL/pgSQL; the refusal of it, where it has none. */
export function parseCode(statement: string): { readonly tree: unknown } | { readonly message: string } {
  try {
    return { tree: libpg().parsePlPgSQLSync(statement) };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
}

/** PostgreSQL's scanner. Positions are in bytes of UTF-8. Throws where a literal or comment does not end. */
export function scan(sql: string): readonly ScanToken[] {
  if (sql === '') return [];
  return libpg().scanSync(sql).tokens;
}

/** The query with its constants replaced by `$n`, or null where it cannot be read (cut off in the middle, say). */
export function normalize(sql: string): string | null {
  // For text that it cannot read it returns the parser's complaint, in which a literal may stand.
  return parse(sql).ok ? libpg().normalizeSync(sql) : null;
}

export type * from 'libpg-query';
