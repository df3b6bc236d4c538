import type { Name, Read } from '../sql/action.ts';
import {
  type Catalog,
  creationSchema,
  functionKey,
  keyOf,
  type Relation,
  resolve,
  type View,
  type ViewRead,
  viewsOf,
} from './catalog.ts';
import { add, drop, mention } from './relations.ts';

interface Definition {
  readonly name: Name;
  readonly temporary: boolean;
  readonly reads: readonly Read[];
  readonly functions: readonly Name[];
  readonly base: Name | null;
}

/** CREATE OR REPLACE keeps the view that is there, and gives it another query. */
export function createView(catalog: Catalog, kind: View['kind'], definition: Definition): void {
  const schema = definition.temporary ? 'pg_temp' : creationSchema(catalog, definition.name);
  const known = catalog.relations.get(keyOf(schema, definition.name.name));
  const reads = readsOf(catalog, definition.reads);
  const base = definition.base === null ? null : (catalog.relations.get(resolve(catalog, definition.base)) ?? null);
  const calls = definition.functions.map((name) => functionKey(catalog, name));
  if (known?.kind === 'view') {
    known.reads.clear();
    for (const [relation, read] of reads) known.reads.set(relation, read);
    known.base = base;
    known.calls = calls;
    return;
  }
  if (known !== undefined) return;
  add(catalog, {
    kind,
    schema,
    name: definition.name.name,
    file: catalog.file,
    reads,
    base,
    calls,
    indexes: new Set(),
    triggers: new Map(),
    rules: new Map(),
  });
}

/** Names are looked up once, when the view is made: what they mean then is what it reads from there on. */
function readsOf(catalog: Catalog, reads: readonly Read[]): Map<Relation, ViewRead> {
  const found = new Map<Relation, ViewRead>();
  for (const read of reads) {
    const relation = catalog.relations.get(resolve(catalog, read)) ?? mention(catalog, read);
    if (relation !== null)
      found.set(relation, { only: read.only, inFrom: read.inFrom, columns: columnsOf(relation, read.columns) });
  }
  return found;
}

/** Names that are no column of a table are those of another one in the query; `*` stands for the columns there are now. */
function columnsOf(relation: Relation, columns: Read['columns']): ReadonlySet<string> | null {
  if (relation.kind !== 'table' && relation.kind !== 'foreign-table') return null;
  if (relation.columns.size === 0) return columns === null ? null : new Set(columns);
  return new Set(columns?.filter((column) => relation.columns.has(column)) ?? relation.columns.keys());
}

/** The views that CASCADE takes with a column. */
export function dropReaders(catalog: Catalog, relation: Relation, column: string): void {
  for (const view of viewsOf(catalog, relation, column))
    if (view.reads.get(relation)?.columns !== null) drop(catalog, view);
}

/** A renamed column keeps its place in the views that use it. */
export function renameInViews(catalog: Catalog, relation: Relation, from: string, to: string): void {
  for (const view of catalog.relations.views.values()) {
    const read = view.reads.get(relation);
    if (read?.columns?.has(from) !== true) continue;
    const columns = new Set([...read.columns].map((column) => (column === from ? to : column)));
    view.reads.set(relation, { ...read, columns });
  }
}
