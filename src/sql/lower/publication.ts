import type { AlterPublicationStmt, CreatePublicationStmt, CreateStatsStmt, Node } from '../libpg.ts';
import type { Action, PublicationContent } from '../action.ts';
import { textOption } from './option.ts';
import { listName, rangeVars, strings, target } from './name.ts';

export function createPublication({ pubname, pubobjects, for_all_tables, options }: CreatePublicationStmt): Action {
  return {
    kind: 'create-publication',
    name: pubname ?? '',
    content: { ...contentOf(pubobjects), allTables: for_all_tables === true },
    sendsChanges: sendsChanges(options),
  };
}

const COMMANDS = { AP_AddObjects: 'add', AP_DropObjects: 'drop', AP_SetObjects: 'set' } as const;

export function alterPublication({
  pubname,
  pubobjects,
  for_all_tables,
  action,
  options,
}: AlterPublicationStmt): Action {
  return {
    kind: 'alter-publication',
    name: pubname ?? '',
    // SET (publish = …) names no object.
    command: pubobjects === undefined ? 'options' : COMMANDS[action ?? 'AP_SetObjects'],
    content: { ...contentOf(pubobjects), allTables: for_all_tables === true },
    sendsChanges: sendsChanges(options),
  };
}

function sendsChanges(options: readonly Node[] = []): boolean | null {
  const publish = textOption(
    options.flatMap((item) => ('DefElem' in item ? [item.DefElem] : [])),
    'publish',
  );
  return publish === null ? null : /\b(?:update|delete)\b/.test(publish);
}

function contentOf(objects: readonly Node[] = []): Omit<PublicationContent, 'allTables'> {
  const specs = objects.flatMap((item) => ('PublicationObjSpec' in item ? [item.PublicationObjSpec] : []));
  return {
    tables: specs.flatMap(({ pubtable }) =>
      pubtable === undefined
        ? []
        : [
            {
              ...target(pubtable.relation),
              columns: pubtable.columns === undefined ? null : strings(pubtable.columns),
              filtered: pubtable.whereClause !== undefined,
            },
          ],
    ),
    schemas: specs.flatMap(({ pubobjtype, name }) => {
      if (pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA') return [null];
      return pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_SCHEMA' ? [name ?? ''] : [];
    }),
  };
}

export function createStatistics({ defnames, relations }: CreateStatsStmt): Action {
  return {
    kind: 'create-statistics',
    name: defnames === undefined ? null : listName(defnames),
    tables: rangeVars(relations),
  };
}
