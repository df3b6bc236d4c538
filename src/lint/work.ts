import { type Catalog, findTable, qualifiedName, resolve, type Table } from '../catalog/catalog.ts';
import type { Effect, Effects } from '../effects/effect.ts';
import { blocksWrites } from '../postgres/lock-mode.ts';
import type { Action, ActionOf, Name } from '../sql/action.ts';

/** What a rule knows of a statement that runs, or ran before in the same transaction. */
export interface Ran {
  readonly action: Action;
  readonly effects: Effects;
}

/** Tables that stood before the file and that a statement goes through for as long as they are big, row by row, in one transaction. */
export function unbatchedTables({ action, effects }: Ran, catalog: Catalog): string[] {
  if (action.kind !== 'create-table-as' && action.kind !== 'dml') return [];
  const standing = new Set(effects.relations.flatMap(({ relation, preexisting }) => (preexisting ? [relation] : [])));
  const known = (names: readonly Name[]): string[] =>
    names.map((name) => resolve(catalog, name)).filter((relation) => standing.has(relation));
  if (action.kind === 'create-table-as')
    return action.relationKind === 'table' && action.persistence !== 'temporary' ? known(action.reads) : [];
  if (action.values) return [];
  const sources = known(action.sources);
  switch (action.command) {
    case 'insert':
      if (isOneSourceRow(action, catalog)) return [];
      return [...new Set([...sources.filter((source) => !isLookup(catalog, source)), ...known(action.writes)])];
    case 'update':
    case 'delete':
      return isOneRow(action, findTable(catalog, action.table)) || isOfLookup(action, catalog)
        ? []
        : [...new Set([...known([action.table]), ...sources])];
    case 'merge':
      return [...new Set([...known([action.table]), ...sources])];
    case 'copy-from':
      return [];
  }
}

/** Rows that a condition names by constants, of a table whose rows the migrations write themselves. */
function isOfLookup({ pinned, sources, writes, table }: ActionOf<'dml'>, catalog: Catalog): boolean {
  return pinned.length > 0 && sources.length === 0 && writes.length === 0 && isLookup(catalog, resolve(catalog, table));
}

/** A first user or tenant comes with the schema as well: one INSERT or two do not make a lookup table. */
function isLookup(catalog: Catalog, key: string): boolean {
  const relation = catalog.relations.get(key);
  return relation?.kind === 'table' && relation.seeds >= 3;
}

/** Whether a condition names rows by a key. Of a table whose keys are not known, `id` is taken for one. */
function isOneRow({ pinned, sources, writes }: ActionOf<'dml'>, table: Table | null): boolean {
  return sources.length === 0 && writes.length === 0 && namesKey(pinned, table);
}

/** Whether INSERT … SELECT reads rows of one table, by a key of it. */
function isOneSourceRow({ pinned, sources: [source, ...others], writes }: ActionOf<'dml'>, catalog: Catalog): boolean {
  if (source === undefined || others.length > 0 || writes.length > 0) return false;
  return namesKey(pinned, findTable(catalog, source));
}

function namesKey(pinned: readonly string[], table: Table | null): boolean {
  const keys: (readonly (string | null)[])[] = [];
  for (const { kind, columns } of table?.constraints.values() ?? [])
    if (kind === 'primary-key' || kind === 'unique') keys.push(columns);
  for (const { unique, columns } of table?.indexes ?? []) if (unique) keys.push(columns);
  const known = table !== null && table.columns.size > 0;
  return (known ? keys : [['id'], ...keys]).some(
    (columns) => columns.length > 0 && columns.every((column) => column !== null && pinned.includes(column)),
  );
}

/** Whether a statement takes the longer, the bigger a table is that stood before the file. */
export function isLong(ran: Ran, catalog: Catalog): boolean {
  return (
    ran.effects.relations.some(({ preexisting, scan }) => preexisting && scan) ||
    unbatchedTables(ran, catalog).length > 0
  );
}

/** Relations that stood before the file and whose traffic the statement keeps out until its transaction ends. */
export function keptOut({ effects }: Ran): Effect[] {
  return effects.relations.filter(({ preexisting, lock }) => preexisting && blocksWrites(lock));
}

/** The table that a relation is a part of: the topmost one above a partition or child, the table of an index, the owner of a sequence. */
export function familyOf(catalog: Catalog, key: string): string {
  const relation = catalog.relations.get(key);
  if (relation === undefined) return key;
  if (relation.kind === 'index') return familyOf(catalog, qualifiedName(relation.table));
  if (relation.kind === 'sequence')
    return relation.ownedBy === null ? key : familyOf(catalog, qualifiedName(relation.ownedBy.table));
  if (relation.kind !== 'table' && relation.kind !== 'foreign-table') return key;
  let top = relation;
  // Circles are refused where tables are linked.
  for (let [parent] = top.parents; parent !== undefined; [parent] = parent.parents) top = parent;
  return qualifiedName(top);
}
