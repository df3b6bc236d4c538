import type { Catalog } from '../catalog/catalog.ts';
import { builtinVolatility } from '../postgres/functions.ts';
import type { Expression, Name } from '../sql/action.ts';
import { spelled } from './collector.ts';

/**
 * The first function of an expression that is volatile, or may be. PostgreSQL 11 and later evaluate any other default once; a volatile
 * one is evaluated for each row, which rewrites the table.
 */
export function volatileCall(catalog: Catalog, expression: Expression): { name: string; known: boolean } | null {
  let unknown: { name: string; known: boolean } | null = null;
  for (const called of expression.functions) {
    const volatility = volatilityOf(catalog, called);
    if (volatility === 'volatile') return { name: spelled(called), known: true };
    if (volatility === 'unknown') unknown ??= { name: spelled(called), known: false };
  }
  return unknown;
}

function volatilityOf(catalog: Catalog, called: Name): 'volatile' | 'not-volatile' | 'unknown' {
  const schemas = called.schema === null ? catalog.searchPath : [called.schema];
  for (const schema of schemas) {
    const known = catalog.functions.get(`${schema}.${called.name}`);
    if (known !== undefined) return known.volatility === 'volatile' ? 'volatile' : 'not-volatile';
  }
  // A function of another schema is somebody's own, whatever its name.
  return called.schema === null || called.schema === 'pg_catalog' ? builtinVolatility(called.name) : 'unknown';
}
