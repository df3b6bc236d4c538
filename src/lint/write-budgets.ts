import { beginFile, type Catalog, creationSchema } from '../catalog/catalog.ts';
import { fold } from '../catalog/fold.ts';
import type { Action } from '../sql/action.ts';
import type { Script } from '../sql/statement.ts';
import { placedDirectives } from './place.ts';
import { newTableSettings, type Settings } from './settings.ts';
import { declaredWrites, shownRate } from './write-rate.ts';

/** What a table may be written, and who says so. */
export interface WriteBudget {
  readonly schema: string;
  readonly name: string;
  readonly perSecond: number;
  /** `40/s declared in migrations/004_events.sql` */
  readonly said: string;
}

/**
 * The budgets of the tables that the migrations make, as lint knows them: what a file declares by `-- tiptoe:writes`, else what
 * `newTables` in the config allows a new table. Renamed tables keep theirs, dropped ones have none. `catalog` is what there is before.
 */
export function writeBudgets(scripts: Iterable<Script>, catalog: Catalog, settings: Settings): WriteBudget[] {
  const budgets = new Map<string, WriteBudget>();
  for (const script of scripts) {
    beginFile(catalog);
    const actions = script.statements.map(({ action }) => action);
    const directives = placedDirectives(script);
    for (const [at, action] of actions.entries()) {
      const made = madeTable(action, catalog);
      if (made !== null) {
        const rate = declaredWrites({ actions, at, directives }, made);
        const own = newTableSettings(settings, made.schema, made.name).maxWritesPerSecond;
        const budget =
          rate !== null && typeof rate !== 'string'
            ? { perSecond: rate.perSecond, said: `${shownRate(rate)} declared in ${script.source.path}` }
            : own === null
              ? null
              : { perSecond: own, said: `${own}/s by newTables in the config` };
        if (budget !== null) budgets.set(keyOf(made), { ...made, ...budget });
      }
      follow(budgets, action, catalog);
      fold(catalog, action);
    }
  }
  return [...budgets.values()];
}

/** All budgets there are. */
export interface WriteBudgets {
  /** Of tables that the migrations make. */
  readonly made: readonly WriteBudget[];
  /** By `newTables.tables` in the config, whoever made the table: by `schema.name`, or by name in any schema. */
  readonly named: Readonly<Record<string, number>>;
}

/** The budgets that the config gives to tables by name. */
export function namedBudgets({ newTables }: Settings): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(newTables.tables).flatMap(([name, { maxWritesPerSecond }]) =>
      maxWritesPerSecond === undefined || maxWritesPerSecond === null ? [] : [[name, maxWritesPerSecond]],
    ),
  );
}

/** What one table may be written; what its migration says comes first. */
export function budgetOf(
  { made, named }: WriteBudgets,
  schema: string,
  name: string,
): Pick<WriteBudget, 'perSecond' | 'said'> | undefined {
  const own = made.find((budget) => budget.schema === schema && budget.name === name);
  if (own !== undefined) return own;
  const key = [`${schema}.${name}`, name].find((key) => Object.hasOwn(named, key));
  const perSecond = key === undefined ? undefined : named[key];
  return perSecond === undefined ? undefined : { perSecond, said: `${perSecond}/s by newTables.tables in the config` };
}

interface Place {
  readonly schema: string;
  readonly name: string;
}

function madeTable(action: Action, catalog: Catalog): Place | null {
  if (action.kind !== 'create-table' && action.kind !== 'create-table-as') return null;
  if (action.persistence === 'temporary') return null;
  if (action.kind === 'create-table' ? action.partitionOf !== null : action.relationKind !== 'table') return null;
  return { schema: creationSchema(catalog, action.name), name: action.name.name };
}

function follow(budgets: Map<string, WriteBudget>, action: Action, catalog: Catalog): void {
  const place =
    action.kind === 'rename' || action.kind === 'set-schema'
      ? { schema: creationSchema(catalog, action.relation), name: action.relation.name }
      : null;
  const before = place === null ? undefined : budgets.get(keyOf(place));
  if (place === null || before === undefined) return;
  if (action.kind === 'rename' && action.what === 'table') {
    budgets.delete(keyOf(place));
    budgets.set(keyOf({ ...place, name: action.to }), { ...before, name: action.to });
  } else if (action.kind === 'set-schema' && action.relationKind === 'table') {
    budgets.delete(keyOf(place));
    budgets.set(keyOf({ ...place, schema: action.schema }), { ...before, schema: action.schema });
  }
}

function keyOf({ schema, name }: Place): string {
  return JSON.stringify([schema, name]);
}
