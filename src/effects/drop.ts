import {
  type Catalog,
  defaultPartition,
  descendants,
  isPartitioned,
  type Relation,
  type Table,
  viewsOf,
} from '../catalog/catalog.ts';
import type { ActionOf, Name, RelationKind } from '../sql/action.ts';
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
    if (action.cascade) dependents(out, catalog, name);
    const table = out.table(name);
    if (table !== null) dropTable({ out, version }, table, action.cascade);
  }
}

export function dropSchemaEffects(out: Collector, catalog: Catalog, { names }: ActionOf<'drop-schema'>): void {
  for (const relation of catalog.relations.values()) {
    if (names.includes(relation.schema) && relation.kind !== 'index')
      out.relation(relation, AX, 'DROP SCHEMA drops it');
  }
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

/** CASCADE takes the views that read a relation, and those that read them. */
function dependents(out: Collector, catalog: Catalog, name: Name): void {
  const known = out.find(name);
  const pending: Relation[] = known === null ? [] : [known];
  const seen = new Set<Relation>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const view of viewsOf(catalog, next, null)) {
      if (seen.has(view)) continue;
      seen.add(view);
      out.relation(view, AX, 'CASCADE drops the view with what it reads');
      pending.push(view);
    }
  }
}
