import type { Node, RangeVar, TypeName as TypeNode } from '../libpg.ts';
import type { Name, Target, TypeName } from '../action.ts';

export function relationName(relation: RangeVar | undefined): Name {
  return { schema: relation?.schemaname ?? null, name: relation?.relname ?? '' };
}

/** A table that FROM, LOCK or TRUNCATE names, with or without ONLY. */
export function target(relation: RangeVar | undefined): Target {
  const { schema, name } = relationName(relation);
  return { schema, name, only: relation?.inh !== true };
}

export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));
}

/** `schema.name` out of a list of strings; a catalog in front is dropped. */
export function listName(nodes: readonly Node[] | undefined): Name {
  const parts = strings(nodes);
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' };
}

/** A name given as a list, a function with arguments, or a type. */
export function objectName(node: Node | undefined): Name {
  if (node === undefined) return { schema: null, name: '' };
  if ('List' in node) return listName(node.List.items);
  if ('ObjectWithArgs' in node) return listName(node.ObjectWithArgs.objname);
  if ('TypeName' in node) return listName(node.TypeName.names);
  if ('RangeVar' in node) return relationName(node.RangeVar);
  if ('String' in node) return { schema: null, name: node.String.sval ?? '' };
  return { schema: null, name: '' };
}

export function typeName(node: TypeNode | undefined): TypeName {
  const { schema, name } = listName(node?.names);
  const modifiers = (node?.typmods ?? []).map(modifier);
  return {
    // `int` is parsed as pg_catalog.int4, `integer` and `int4` alike; a bare `int4` has no schema.
    schema: schema === 'pg_catalog' ? null : schema,
    name,
    modifiers,
    array: (node?.arrayBounds ?? []).length > 0,
  };
}

/** Mostly a number; extensions have words, as in `geometry(Point, 4326)`. */
function modifier(node: Node): number | string {
  if ('A_Const' in node) return node.A_Const.sval?.sval ?? node.A_Const.ival?.ival ?? 0;
  return 'ColumnRef' in node ? strings(node.ColumnRef.fields).join('.') : '?';
}

export function rangeVars(nodes: readonly Node[] | undefined): Target[] {
  return (nodes ?? []).flatMap((node) => ('RangeVar' in node ? [target(node.RangeVar)] : []));
}
