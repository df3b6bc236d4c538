import { joinedColumns, objectName } from '../postgres/object-name.ts';
import { type Catalog, keyOf, type Table } from './catalog.ts';

/** What PostgreSQL calls an index or a sequence of a relation when nobody names it: the first that is free in the schema. */
export function ownRelationName(
  catalog: Catalog,
  { schema, name }: { readonly schema: string; readonly name: string },
  columns: readonly string[],
  label: string,
): string {
  const joined = columns.length === 0 ? null : joinedColumns(columns);
  const free = catalog.relations.firstFree([schema, name, joined, label].join('\0'), (number) =>
    keyOf(schema, objectName(name, joined, numbered(label, number))),
  );
  return free.slice(keyOf(schema, '').length);
}

/** What PostgreSQL calls a constraint that is no index, when nobody names it. */
export function ownConstraintName(table: Table, columns: readonly string[], label: string): string {
  const joined = columns.length === 0 ? null : joinedColumns(columns);
  return table.constraints.firstFree([table.name, joined, label].join('\0'), (number) =>
    objectName(table.name, joined, numbered(label, number)),
  );
}

/** 1, 2, … follow the label, which is never cut. */
export function numbered(label: string, number: number): string {
  return number === 0 ? label : `${label}${number}`;
}
