import type { Action, ActionOf, Name } from '../sql/action.ts';
import { type Catalog, findTable, resolve } from './catalog.ts';

/** What IF EXISTS leaves of a statement; null where all that it names is known not to be there. */
export function presentPart(catalog: Catalog, action: Action): Action | null {
  if (!('ifExists' in action) || !action.ifExists) return action;
  switch (action.kind) {
    case 'drop-relation': {
      const names = action.names.filter((name) => !isAbsent(catalog, name));
      return names.length === 0 ? null : { ...action, names };
    }
    case 'alter-table':
    case 'alter-sequence':
      return isAbsent(catalog, action.name) ? null : action;
    case 'rename':
      return isAbsent(catalog, action.relation) ? null : action;
    case 'drop-table-object':
      return isAbsent(catalog, action.table) || lacks(catalog, action) ? null : action;
    default:
      return action;
  }
}

const KEPT_IN = { trigger: 'triggers', policy: 'policies', rule: 'rules' } as const;

/** Of a table that the history makes, all triggers, policies and rules are known. */
function lacks(catalog: Catalog, { what, table, name }: ActionOf<'drop-table-object'>): boolean {
  const known = findTable(catalog, table);
  return known !== null && known.accessMethod !== null && !known[KEPT_IN[what]].has(name);
}

/** A history of several files that has named nothing but what it makes is taken for whole. */
function isAbsent(catalog: Catalog, name: Name): boolean {
  if (catalog.relations.has(resolve(catalog, name))) return false;
  return catalog.whole || (catalog.file > 1 && catalog.relations.size > 0 && !catalog.gaps);
}
