import type { Action, Name } from '../sql/action.ts';
import { type Catalog, resolve } from './catalog.ts';

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
    default:
      return action;
  }
}

/** A history of several files that has named nothing but what it makes is taken for whole. */
function isAbsent(catalog: Catalog, name: Name): boolean {
  if (catalog.relations.has(resolve(catalog, name))) return false;
  return catalog.whole || (catalog.file > 1 && catalog.relations.size > 0 && !catalog.gaps);
}
