import type { Catalog, FunctionInfo } from '../catalog/catalog.ts';
import { calledFunctions } from '../catalog/functions.ts';
import { builtinVolatility, isNeverImmutable, type Volatility } from '../postgres/functions.ts';
import type { Expression, FunctionCall } from '../sql/action.ts';
import { readSqlFunction } from '../sql/function-body.ts';
import { spelled } from './collector.ts';

/**
 * The first function of an expression that is volatile, or may be. PostgreSQL 11 and later evaluate any other default once; a volatile
 * one is evaluated for each row, which rewrites the table.
 */
export function volatileCall(catalog: Catalog, expression: Expression): { name: string; known: boolean } | null {
  let unknown: { name: string; known: boolean } | null = null;
  for (const called of expression.functions) {
    const volatility = volatilityOf(catalog, called, []);
    if (volatility === 'volatile') return { name: spelled(called), known: true };
    if (volatility === 'unknown') unknown ??= { name: spelled(called), known: false };
  }
  return unknown;
}

function volatilityOf(catalog: Catalog, called: FunctionCall, within: readonly FunctionInfo[]): Volatility {
  const known = calledFunctions(catalog, called);
  if (known.length > 0) return most(known.map((candidate) => volatilityOfFunction(catalog, candidate, within)));
  // A function of another schema is somebody's own, whatever its name.
  return called.schema === null || called.schema === 'pg_catalog' ? builtinVolatility(called.name) : 'unknown';
}

function volatilityOfFunction(catalog: Catalog, info: FunctionInfo, within: readonly FunctionInfo[]): Volatility {
  if (info.volatility !== 'volatile') return 'not-volatile';
  const body = inlined(info);
  if (body === null || within.includes(info)) return 'volatile';
  return most(body.functions.map((called) => volatilityOf(catalog, called, [...within, info])));
}

/**
 * A function in SQL that only returns the value of an expression is replaced by it before anybody asks how volatile it is, so VOLATILE, which
 * is what a function is when nothing is said, may mean nothing.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/optimizer/util/clauses.c (inline_function)
 */
function inlined(info: FunctionInfo): Expression | null {
  if (info.language !== 'sql' || info.returns !== 'value' || info.securityDefiner || info.configured) return null;
  const returned = readSqlFunction(info)?.returned ?? null;
  if (returned === null || returned.reads.length > 0) return null;
  // A strict one is kept unless its expression is NULL whenever an argument is, which is not looked at here.
  return info.strict && (info.parameters.length > 0 || returned.functions.length > 0) ? null : returned;
}

/** The first function of an expression that is certainly not immutable: an index and a generated column may call none. */
export function mutableCall(catalog: Catalog, expression: Expression): string | null {
  const called = expression.functions.find((call) => isMutable(catalog, call, []));
  return called === undefined ? null : spelled(called);
}

function isMutable(catalog: Catalog, called: FunctionCall, within: readonly FunctionInfo[]): boolean {
  const known = calledFunctions(catalog, called);
  // Of several, which one is meant is a matter of types.
  const [only, ...others] = known;
  if (only === undefined)
    return (called.schema === null || called.schema === 'pg_catalog') && isNeverImmutable(called.name);
  if (others.length > 0 || only.volatility === 'immutable') return false;
  const body = inlined(only);
  if (body === null || within.includes(only)) return true;
  return body.functions.some((inner) => isMutable(catalog, inner, [...within, only]));
}

function most(volatilities: readonly Volatility[]): Volatility {
  if (volatilities.includes('volatile')) return 'volatile';
  return volatilities.includes('unknown') ? 'unknown' : 'not-volatile';
}
