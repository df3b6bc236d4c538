import type { Action, ActionOf } from '../sql/action.ts';
import type { Catalog } from './catalog.ts';

/** CREATE SCHEMA makes its tables before its views, whatever their order, and in the new schema. */
export function elementsOf({ elements }: ActionOf<'create-schema'>): readonly Action[] {
  const rank = ({ kind }: Action): number => {
    const at = ORDER.indexOf(kind);
    return at === -1 ? ORDER.length : at;
  };
  return elements.toSorted((a, b) => rank(a) - rank(b));
}

const ORDER: readonly Action['kind'][] = [
  'create-sequence',
  'create-table',
  'create-view',
  'create-index',
  'create-trigger',
];

/** The search path inside CREATE SCHEMA. */
export function inSchema(catalog: Catalog, name: string): readonly string[] {
  return [name, ...catalog.searchPath];
}
