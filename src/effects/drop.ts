import {
  type Catalog,
  defaultPartition,
  descendants,
  functionKey,
  isPartitioned,
  isSerial,
  type Relation,
  type Table,
  typeKey,
  type View,
  viewsOf,
} from '../catalog/catalog.ts';
import { columnsOfTypes, typedTables, typesIn, typesOver } from '../catalog/types.ts';
import type { ActionOf, RelationKind } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import { dropPointers, foreignKeysPointingTo, ownForeignKeys, unpoint } from './foreign-keys.ts';
import { dropIndexEffects } from './indexes.ts';
import type { Context } from './subcommand.ts';

const AX = 'AccessExclusiveLock';

const DROPPED: Readonly<Record<RelationKind, string>> = {
  table: 'DROP TABLE',
  view: 'DROP VIEW',
  'materialized-view': 'DROP MATERIALIZED VIEW',
  index: 'DROP INDEX',
  sequence: 'DROP SEQUENCE',
  'foreign-table': 'DROP FOREIGN TABLE',
};

export function dropEffects(
  out: Collector,
  catalog: Catalog,
  version: number,
  action: ActionOf<'drop-relation'>,
): void {
  const statement = DROPPED[action.relationKind];
  for (const name of action.names) {
    if (action.relationKind === 'index') dropIndexEffects(out, catalog, name, action.concurrently);
    else out.name(name, AX, `${statement} removes it`);
    const relation = out.find(name);
    if (relation === null) continue;
    if (action.cascade) dependents(out, catalog, relation);
    if (relation.kind === 'table' || relation.kind === 'foreign-table')
      dropTable({ out, version }, relation, action.cascade);
  }
}

/** All in the schema goes, and with CASCADE what depends on it elsewhere: keys, views, defaults, columns, triggers. */
export function dropSchemaEffects(
  out: Collector,
  catalog: Catalog,
  version: number,
  { names, cascade }: ActionOf<'drop-schema'>,
): void {
  for (const relation of catalog.relations.values()) {
    if (!names.includes(relation.schema) || relation.kind === 'index') continue;
    out.relation(relation, AX, 'DROP SCHEMA drops it');
    if (!cascade) continue;
    dependents(out, catalog, relation);
    if (relation.kind === 'table' || relation.kind === 'foreign-table') dropTable({ out, version }, relation, true);
  }
  if (!cascade) return;
  for (const name of names) dropTypesEffects(out, catalog, version, typesIn(catalog, name));
  const functions = [...catalog.functions.keys()].filter((key) => names.some((name) => key.startsWith(`${name}.`)));
  dropFunctionEffects(out, catalog, functions);
}

/** CASCADE takes triggers, policies, defaults and views that call a function. */
export function dropFunctionEffects(out: Collector, catalog: Catalog, keys: readonly string[]): void {
  const calls = (called: readonly string[]) => called.some((key) => keys.includes(key));
  for (const relation of catalog.relations.values()) {
    if (relation.kind === 'index' || relation.kind === 'sequence') continue;
    if ([...relation.triggers.values()].some((trigger) => keys.includes(trigger.calls)))
      out.relation(relation, AX, 'CASCADE drops a trigger that calls the function');
    if ('reads' in relation) {
      if (!calls(relation.calls)) continue;
      out.relation(relation, AX, 'CASCADE drops the view, which calls the function');
      dependents(out, catalog, relation);
      continue;
    }
    if ([...relation.policies.values()].some((policy) => calls(policy.calls)))
      out.relation(relation, AX, 'CASCADE drops a policy that calls the function');
    const defaults = [...relation.columns.values()].flatMap((column) => column.default?.functions ?? []);
    if (calls(defaults.map((name) => functionKey(catalog, name))))
      out.relation(relation, AX, 'CASCADE drops a default that calls the function');
  }
}

/** A table that goes because something else does. */
function dropTableEffects(out: Collector, catalog: Catalog, version: number, table: Table): void {
  out.relation(table, AX, 'CASCADE drops it');
  dependents(out, catalog, table);
  dropTable({ out, version }, table, true);
}

function dropTable(context: Pick<Context, 'out' | 'version'>, table: Table, cascade: boolean): void {
  const { out } = context;
  for (const sequence of table.sequences) out.relation(sequence, AX, 'goes with its table');
  for (const parent of table.parents) {
    if (!isPartitioned(parent)) continue;
    out.relation(parent, AX, 'loses a partition');
    const other = defaultPartition(parent);
    if (other !== null) out.relation(other, AX, 'the default partition gets new bounds');
  }
  dropPointers(context, foreignKeysPointingTo(table), 'its foreign key to the table goes with it');
  for (const constraint of ownForeignKeys(table)) unpoint(context, constraint, 'a foreign key to it goes');
  if (isPartitioned(table) || cascade)
    for (const child of descendants(table)) out.relation(child, AX, 'goes with its parent');
}

/** CASCADE takes views that read a relation, defaults that take numbers from a sequence, and policies that look into a table. */
function dependents(out: Collector, catalog: Catalog, relation: Relation): void {
  dependentViews(out, catalog, relation, null);
  for (const table of catalog.relations.values()) {
    if (table === relation || (table.kind !== 'table' && table.kind !== 'foreign-table')) continue;
    const uses = [...table.columns.keys()].some((column) => sequencesOf(table, column).has(relation));
    if (uses) out.relation(table, AX, `CASCADE drops the default that uses ${relation.name}`);
    if ([...table.policies.values()].some(({ reads }) => reads.has(relation)))
      out.relation(table, AX, `CASCADE drops the policy that reads ${relation.name}`);
  }
}

function sequencesOf(table: Table, column: string): ReadonlySet<Relation> {
  const { type, sequences = [] } = table.columns.get(column) ?? {};
  const serial = type !== undefined && isSerial(type);
  const own = [...table.sequences].filter(({ ownedBy }) => serial && ownedBy?.column === column);
  return new Set<Relation>([...own, ...sequences]);
}

/** The views that read a relation, or the column of it, and those that read them. */
function dependentViews(out: Collector, catalog: Catalog, relation: Relation, column: string | null): void {
  const pending: View[] = viewsOf(catalog, relation, column);
  const seen = new Set<Relation>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    out.relation(next, AX, 'CASCADE drops the view with what it reads');
    pending.push(...viewsOf(catalog, next, null));
  }
}

/** DROP TYPE and DROP DOMAIN; without CASCADE nothing may use it. */
export function dropTypeEffects(
  out: Collector,
  catalog: Catalog,
  version: number,
  action: ActionOf<'drop-type'>,
): void {
  if (!action.cascade) return;
  dropTypesEffects(
    out,
    catalog,
    version,
    action.names.map((name) => typeKey(catalog, name)),
  );
}

function dropTypesEffects(out: Collector, catalog: Catalog, version: number, keys: readonly string[]): void {
  const types = typesOver(catalog, keys);
  for (const table of typedTables(catalog, types)) dropTableEffects(out, catalog, version, table);
  for (const { table, columns } of columnsOfTypes(catalog, types)) {
    if (columns.some((column) => table.partitionBy?.columns.includes(column) === true)) {
      dropTableEffects(out, catalog, version, table);
      continue;
    }
    out.relation(table, AX, `CASCADE drops ${columns.join(', ')}, whose type goes`);
    for (const column of columns) dependentViews(out, catalog, table, column);
  }
}
