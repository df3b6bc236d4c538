import { type Constraint, descendants, findTable, isPartitioned, type Table } from '../catalog/catalog.ts';
import type { ConstraintDef } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import type { Context } from './subcommand.ts';
import { ancestors } from './ancestors.ts';

const AX = 'AccessExclusiveLock';
const SRX = 'ShareRowExclusiveLock';

/** Locks the table that a new foreign key points to, and its partitions, which get triggers of their own. */
export function pointTo(out: Collector, referenced: Table, because: string, scan: boolean): void {
  for (const target of withPartitions(referenced))
    out.relation(target, SRX, because, { scan: scan && !isPartitioned(target) });
}

/** As `pointTo`, for a table as the statement names it. */
export function pointToNamed(
  { out, catalog }: Pick<Context, 'out' | 'catalog'>,
  { references }: Extract<ConstraintDef, { kind: 'foreign-key' }>,
  because: string,
  scan: boolean,
): void {
  const referenced = findTable(catalog, references);
  if (referenced === null) out.name(references, SRX, because, { scan });
  else pointTo(out, referenced, because, scan);
}

/** A foreign key to a table is not one to those that inherit from it. */
function withPartitions(table: Table): Table[] {
  return isPartitioned(table) ? [table, ...descendants(table)] : [table];
}

/** How a partitioned table is locked whose partitions lose the triggers of a foreign key to it. */
type Root = 'always' | 'since-15';

/** Locks what a foreign key points to that goes away. Before 15 a partitioned table has no trigger of its own for it. */
export function unpoint(
  { out, version }: Pick<Context, 'out' | 'version'>,
  { references }: Constraint,
  because: string,
  { root = 'since-15', scan = false }: { root?: Root; scan?: boolean } = {},
): void {
  if (references === null) return;
  for (const target of withPartitions(references)) {
    const partitioned = isPartitioned(target);
    if (!partitioned || root === 'always' || version >= 15)
      out.relation(target, AX, because, { scan: scan && !partitioned });
  }
}

/** Foreign keys that point to a table itself or as to a partition, each with the table that it was made on. */
export function foreignKeysPointingTo(table: Table): { readonly owner: Table; readonly constraint: Constraint }[] {
  return [table, ...ancestors(table)].flatMap((target) =>
    [...target.referencedBy].flatMap((owner) =>
      [...owner.constraints.values()]
        .filter(({ references, inherited }) => references === target && !inherited)
        .map((constraint) => ({ owner, constraint })),
    ),
  );
}

/** The foreign keys that a table was given itself: those of its partitioned table outlive it. */
export function ownForeignKeys(table: Table): Constraint[] {
  return [...table.constraints.values()].filter(({ references, inherited }) => references !== null && !inherited);
}

export function foreignKeysOver(table: Table | null, column: string): Constraint[] {
  return [...(table?.constraints.values() ?? [])].filter(
    (constraint) => constraint.references !== null && constraint.columns.includes(column),
  );
}

/** Locks the tables that lose their foreign keys, with their partitions, and what else those foreign keys point to. */
export function dropPointers(
  context: Pick<Context, 'out' | 'version'>,
  pointers: readonly { readonly owner: Table; readonly constraint: Constraint }[],
  because: string,
): void {
  for (const { owner, constraint } of pointers) {
    for (const target of withPartitions(owner)) context.out.relation(target, AX, because);
    unpoint(context, constraint, because);
  }
}
