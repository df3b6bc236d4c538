import type { Action, Name } from '../sql/action.ts';
import { type Directive, directives } from '../sql/directives.ts';
import type { Script } from '../sql/statement.ts';
import { once } from './once.ts';

/** Everything a file does, and where one of its statements stands in it. */
export interface Place {
  readonly actions: readonly Action[];
  readonly at: number;
  readonly directives: readonly PlacedDirective[];
}

/** A directive and the statement that it stands in, or else the next; past the last one, the number of statements. */
export interface PlacedDirective extends Directive {
  readonly at: number;
}

/** The file's directives, each at its statement. */
export function placedDirectives({ comments, statements, source }: Script): PlacedDirective[] {
  const found = directives(comments).toSorted((a, b) => a.range.start - b.range.start);
  if (found.length === 0) return [];
  // Files that it runs come in the middle of what it does, and behind it in the text.
  const inText = statements.map(({ range }, index) => ({ range, index })).sort((a, b) => a.range.start - b.range.start);
  let at = 0;
  return found.map((directive) => {
    while ((inText[at]?.range.end ?? Infinity) <= directive.range.start) at += 1;
    const next = inText[at];
    const { end } = source.fileAt(directive.range.start);
    return { ...directive, at: next === undefined || next.range.start > end ? statements.length : next.index };
  });
}

/** Later statements of the file that change the table, build an index on it or make a policy for it, by its name as the file writes it. */
export function afterwards({ actions, at }: Place, { schema, name }: Name): Action[] {
  return (byTable(actions).get(name) ?? []).flatMap(({ index, table, action }) =>
    index > at && (schema === null || table.schema === null || table.schema === schema) ? [action] : [],
  );
}

interface Mention {
  readonly index: number;
  readonly table: Name;
  readonly action: Action;
}

const byTable = once((actions: readonly Action[]): ReadonlyMap<string, readonly Mention[]> => {
  const found = new Map<string, Mention[]>();
  for (const [index, action] of actions.entries()) {
    const table = tableOf(action);
    if (table === null) continue;
    const mentions = found.get(table.name);
    if (mentions === undefined) found.set(table.name, [{ index, table, action }]);
    else mentions.push({ index, table, action });
  }
  return found;
});

function tableOf(action: Action): Name | null {
  if (action.kind === 'alter-table') return action.name;
  return action.kind === 'create-index' || action.kind === 'create-policy' ? action.table : null;
}
