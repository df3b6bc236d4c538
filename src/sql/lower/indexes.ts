import type { IndexElem, IndexStmt, Node, ReindexStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { expression } from './expression.ts';
import { relationName } from './name.ts';
import { indexNameParts } from './index-name.ts';
import { hasOption } from './option.ts';

export function createIndex(node: IndexStmt): Action {
  const elements = indexElements(node.indexParams);
  return {
    kind: 'create-index',
    name: node.idxname ?? null,
    table: relationName(node.relation),
    concurrently: node.concurrent === true,
    ifNotExists: node.if_not_exists === true,
    unique: node.unique === true,
    only: node.relation?.inh !== true,
    method: node.accessMethod ?? 'btree',
    nameParts: indexNameParts([...elements, ...indexElements(node.indexIncludingParams)]),
    columns: elements.map(({ name }) => name ?? null),
    expressions: elements.flatMap(({ expr }) => (expr === undefined ? [] : [expression(expr)])),
    where: node.whereClause === undefined ? null : expression(node.whereClause),
    plain:
      node.indexIncludingParams === undefined &&
      node.whereClause === undefined &&
      node.options === undefined &&
      elements.every(isPlain),
  };
}

function isPlain({ expr, opclass, collation, ordering, nulls_ordering: nulls }: IndexElem): boolean {
  const isUsual = (order: string | undefined): boolean => order === undefined || order.endsWith('_DEFAULT');
  return expr === undefined && opclass === undefined && collation === undefined && isUsual(ordering) && isUsual(nulls);
}

function indexElements(items: readonly Node[] | undefined): IndexElem[] {
  const elements: IndexElem[] = [];
  for (const item of items ?? []) if ('IndexElem' in item) elements.push(item.IndexElem);
  return elements;
}

const REINDEX_TARGETS = {
  REINDEX_OBJECT_INDEX: 'index',
  REINDEX_OBJECT_TABLE: 'table',
  REINDEX_OBJECT_SCHEMA: 'schema',
  REINDEX_OBJECT_SYSTEM: 'system',
  REINDEX_OBJECT_DATABASE: 'database',
} as const;

export function reindex({ kind, relation, name, params }: ReindexStmt): Action {
  return {
    kind: 'reindex',
    target: REINDEX_TARGETS[kind ?? 'REINDEX_OBJECT_TABLE'],
    name: relation === undefined ? null : relationName(relation),
    schema: kind === 'REINDEX_OBJECT_SCHEMA' ? (name ?? null) : null,
    concurrently: hasOption(params, 'concurrently'),
  };
}
