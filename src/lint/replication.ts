import { type Catalog, creationSchema, descendants, type Table } from '../catalog/catalog.ts';
import { publicationsOf } from '../catalog/publications.ts';
import type { Action, ActionOf, Name } from '../sql/action.ts';
import type { Place } from './place.ts';

/** Whether subscribers can tell which row was changed; a table of which nothing is known is taken to have a key. */
export function hasReplicaIdentity(table: Table): boolean {
  const rows = [table, ...descendants(table)].filter(({ partitionBy }) => partitionBy === null);
  return rows.every((each) => each.columns.size === 0 || hasOwnIdentity(each));
}

function hasOwnIdentity({ replicaIdentity, constraints, indexes }: Table): boolean {
  if (replicaIdentity === 'full') return true;
  if (replicaIdentity === 'nothing') return false;
  if (replicaIdentity !== 'default') return indexes.has(replicaIdentity);
  return [...constraints.values()].some(({ kind, deferrable }) => kind === 'primary-key' && !deferrable);
}

/** The names of publications that send what UPDATE and DELETE do to a table. */
export function changesSentBy(catalog: Catalog, table: Table): string[] {
  return publicationsOf(catalog, table).flatMap(({ name, sendsChanges }) => (sendsChanges ? [name] : []));
}

/** Publications of all tables, and of all in a schema, that a new table is in from its first moment. */
export function joinedPublications(
  catalog: Catalog,
  { name, persistence }: Pick<ActionOf<'create-table'>, 'name' | 'persistence'>,
): { readonly name: string; readonly sendsChanges: boolean }[] {
  if (persistence !== 'permanent') return [];
  const schema = creationSchema(catalog, name);
  return [...catalog.publications].flatMap(([publication, { allTables, schemas, sendsChanges }]) =>
    allTables || schemas.has(schema) ? [{ name: publication, sendsChanges }] : [],
  );
}

/** Whether a later statement of the file gives the table a replica identity, or a key that can be one. */
export function getsIdentityLater({ actions, at }: Place, table: Name): boolean {
  return actions.slice(at + 1).some((action) => namesTable(action, table) && givesIdentity(action));
}

function namesTable(action: Action, { schema, name }: Name): boolean {
  if (action.kind !== 'alter-table' || action.name.name !== name) return false;
  return schema === null || action.name.schema === null || action.name.schema === schema;
}

/** Whether ALTER TABLE gives the table a replica identity, or a key that can be one. */
export function givesIdentity(action: Action): boolean {
  if (action.kind !== 'alter-table') return false;
  return action.commands.some((command) => {
    if (command.kind === 'set-replica-identity') return command.to !== 'nothing' && command.to !== 'default';
    const added = command.kind === 'add-column' ? command.column.constraints : [];
    const constraints = command.kind === 'add-constraint' ? [command.constraint] : added;
    return constraints.some(({ kind, deferrable }) => kind === 'primary-key' && !deferrable);
  });
}
