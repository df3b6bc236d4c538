import type { Catalog } from '../catalog/catalog.ts';
import { isNeverImmutable } from '../postgres/functions.ts';
import type { Expression } from '../sql/action.ts';

/** Functions that an expression calls and that are known not to be IMMUTABLE, as `now()`. */
export function notImmutable({ functions, isClock }: Expression, catalog: Catalog): string[] {
  const calls = functions.flatMap(({ schema, name }) => {
    const own = [...catalog.functions.values()].flat().filter((known) => known.name.name === name);
    const isNot =
      own.length > 0
        ? own.every(({ volatility }) => volatility !== 'immutable')
        : (schema === null || schema === 'pg_catalog') && isNeverImmutable(name);
    return isNot ? [`${name}()`] : [];
  });
  return isClock ? [...calls, 'CURRENT_TIMESTAMP'] : calls;
}
