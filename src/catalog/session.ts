import type { Action, ActionOf } from '../sql/action.ts';
import { splitIdentifiers } from '../sql/identifiers.ts';
import { beginFile, type Catalog, resetSession } from './catalog.ts';
import { copyCatalog } from './copy.ts';
import { drop } from './relations.ts';

/** Begins a migration file: a session of its own, in which nothing temporary is left. */
export function beginSession(catalog: Catalog, actions: readonly Action[]): void {
  dropTemporary(catalog, 'all');
  beginFile(catalog);
  // Copies cost as much as the catalog is big, so that only files which look back pay for them.
  catalog.savepoints = actions.some(looksBack) ? [] : null;
}

function looksBack(action: Action): boolean {
  return action.kind === 'transaction' && (action.command === 'rollback' || action.command === 'rollback-to');
}

export function foldTransaction(catalog: Catalog, { command, savepoint, chain }: ActionOf<'transaction'>): void {
  const { savepoints } = catalog;
  const at = savepoints?.findLastIndex(({ name }) => name === savepoint) ?? -1;
  switch (command) {
    case 'begin':
      savepoints?.splice(0);
      savepoints?.push({ name: null, before: copyCatalog(catalog) });
      break;
    case 'savepoint':
      savepoints?.push({ name: savepoint, before: copyCatalog(catalog) });
      break;
    case 'release':
      if (at !== -1) savepoints?.splice(at);
      break;
    case 'rollback-to': {
      const found = savepoints?.[at];
      if (found === undefined) break;
      savepoints?.splice(at + 1);
      restore(catalog, copyCatalog(found.before));
      break;
    }
    case 'rollback': {
      const begun = savepoints?.find(({ name }) => name === null);
      if (begun !== undefined) restore(catalog, begun.before);
      endTransaction(catalog, chain);
      break;
    }
    case 'commit':
      dropTemporary(catalog, 'transaction');
      endTransaction(catalog, chain);
      break;
    case 'prepare':
    case 'other':
      break;
  }
}

function endTransaction(catalog: Catalog, chain: boolean): void {
  endLocal(catalog);
  catalog.savepoints?.splice(0);
  if (chain) catalog.savepoints?.push({ name: null, before: copyCatalog(catalog) });
}

/** Puts the content of another catalog in the place of its own. Prepared statements outlive a rollback. */
function restore(catalog: Catalog, before: Catalog): void {
  refill(catalog.relations, before.relations);
  refill(catalog.functions, before.functions);
  refill(catalog.domains, before.domains);
  refill(catalog.settings, before.settings);
  refill(catalog.temporary, before.temporary);
  refill(catalog.enums, before.enums);
  refill(catalog.composites, before.composites);
  refill(catalog.ranges, before.ranges);
  refill(catalog.publications, before.publications);
  refill(catalog.statistics, before.statistics);
  catalog.searchPath = before.searchPath;
  catalog.outerSession = before.outerSession;
}

function refill<Key, Value>(into: Map<Key, Value>, from: ReadonlyMap<Key, Value>): void {
  into.clear();
  for (const [key, value] of from) into.set(key, value);
}

function dropTemporary(catalog: Catalog, what: 'all' | 'transaction'): void {
  for (const [relation, until] of catalog.temporary) {
    if (what === 'transaction' && until !== 'transaction') continue;
    catalog.temporary.delete(relation);
    drop(catalog, relation);
  }
}

export function discard(catalog: Catalog, { what }: ActionOf<'discard'>): void {
  if (what !== 'other') dropTemporary(catalog, 'all');
  if (what === 'all') resetSession(catalog);
}

function endLocal(catalog: Catalog): void {
  if (catalog.outerSession === null) return;
  catalog.searchPath = catalog.outerSession.searchPath;
  refill(catalog.settings, catalog.outerSession.settings);
  catalog.outerSession = null;
}

export function set(catalog: Catalog, action: ActionOf<'set'>): void {
  if (action.local) catalog.outerSession ??= { searchPath: catalog.searchPath, settings: new Map(catalog.settings) };
  const here = { settings: catalog.settings, searchPath: catalog.searchPath };
  assign(catalog, here, action);
  catalog.searchPath = here.searchPath;
  if (action.local || catalog.outerSession === null) return;
  // What a SET for the session sets stays after the SET LOCAL of the same transaction ends.
  const outer = { settings: new Map(catalog.outerSession.settings), searchPath: catalog.outerSession.searchPath };
  assign(catalog, outer, action);
  catalog.outerSession = outer;
}

function assign(
  { session }: Catalog,
  scope: { readonly settings: Map<string, string>; searchPath: readonly string[] },
  { name, value }: ActionOf<'set'>,
): void {
  const key = name.toLowerCase();
  const start = session.settings.get(key);
  if (key === 'all') refill(scope.settings, session.settings);
  else if (value !== null) scope.settings.set(key, value);
  else if (start === undefined) scope.settings.delete(key);
  else scope.settings.set(key, start);
  if (key === 'all' || (key === 'search_path' && value === null)) scope.searchPath = session.searchPath;
  else if (key === 'search_path' && value !== null) scope.searchPath = schemasOf(value) ?? scope.searchPath;
}

/** The schema of the user is not known, and pg_catalog holds nothing of a migration's. */
function schemasOf(searchPath: string): string[] | null {
  return splitIdentifiers(searchPath, ',')?.filter((schema) => schema !== '$user' && schema !== 'pg_catalog') ?? null;
}
