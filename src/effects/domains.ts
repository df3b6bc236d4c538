import { type Catalog, isPartitioned, typeKey } from '../catalog/catalog.ts';
import { columnsOfTypes, typedTables, typesOver } from '../catalog/types.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';

/** Only a constraint that is new, or validated, looks at rows: those of every table with a column of the domain, or of a domain over it. */
export function alterDomainEffects(out: Collector, catalog: Catalog, action: ActionOf<'alter-domain'>): void {
  const checks =
    action.command === 'add-constraint' ||
    action.command === 'validate-constraint' ||
    action.command === 'set-not-null';
  if (!checks) return;
  for (const { table } of columnsOfTypes(catalog, typesOver(catalog, [typeKey(catalog, action.name)]))) {
    // A partitioned table has no rows of its own.
    if (!isPartitioned(table) && table.kind === 'table')
      out.relation(table, 'ShareLock', 'a column of the domain is checked, row by row', { scan: true });
  }
}

/** Tables made of a composite type change with it where CASCADE says so; a column of the type forbids what would change its values. */
export function alterCompositeEffects(
  out: Collector,
  catalog: Catalog,
  { name, commands }: ActionOf<'alter-composite'>,
): void {
  const cascades = commands.filter(({ cascade }) => cascade);
  if (cascades.length === 0) return;
  for (const table of typedTables(catalog, new Set([typeKey(catalog, name)])))
    out.relation(table, AX, `is a table of ${name.name}`, {
      rewrite: cascades.some(({ kind }) => kind === 'set-type'),
    });
}
