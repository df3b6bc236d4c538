import type { Action, ColumnDef, Name } from '../sql/action.ts';
import { once } from './once.ts';
import type { Place } from './place.ts';

/** Columns that earlier statements of the file, and this one, add to a table, by its name as the file writes it. */
export function addedColumns({ actions, at }: Place, table: Name): ColumnDef[] {
  return (added(actions).get(table.name) ?? []).flatMap(({ index, name, column }) =>
    index <= at && agree(name, table) ? [column] : [],
  );
}

/** Whether a later statement of the file makes a relation, a function or a value of that name, or gives the name to one. */
export function isMadeLater({ actions, at }: Place, wanted: Name): boolean {
  return (made(actions).get(wanted.name) ?? []).some(({ index, name }) => index > at && agree(name, wanted));
}

/** Whether an earlier statement of the file makes it. */
export function isMadeBefore({ actions, at }: Place, wanted: Name): boolean {
  return (made(actions).get(wanted.name) ?? []).some(({ index, name }) => index < at && agree(name, wanted));
}

/** A name without its schema may be any. */
function agree(a: Name, b: Name): boolean {
  return a.schema === null || b.schema === null || a.schema === b.schema;
}

const added = once((actions: readonly Action[]) => {
  const found = new Map<string, { index: number; name: Name; column: ColumnDef }[]>();
  for (const [index, action] of actions.entries()) {
    if (action.kind !== 'alter-table') continue;
    for (const command of action.commands)
      if (command.kind === 'add-column') push(found, { index, name: action.name, column: command.column });
  }
  return found;
});

const made = once((actions: readonly Action[]) => {
  const found = new Map<string, { index: number; name: Name }[]>();
  for (const [index, action] of actions.entries()) {
    const name = madeBy(action);
    if (name !== null) push(found, { index, name });
  }
  return found;
});

function madeBy(action: Action): Name | null {
  switch (action.kind) {
    case 'create-table':
    case 'create-table-as':
    case 'create-view':
    case 'create-function':
    case 'create-enum':
      return action.name;
    case 'create-schema':
      return action.ifNotExists ? null : { schema: null, name: action.name };
    case 'rename':
      return { schema: action.relation.schema, name: action.to };
    default:
      return null;
  }
}

function push<T extends { readonly name: Name }>(map: Map<string, T[]>, item: T): void {
  const known = map.get(item.name.name);
  if (known === undefined) map.set(item.name.name, [item]);
  else known.push(item);
}
