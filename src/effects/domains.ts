import { type Catalog, isPartitioned, typeKey } from '../catalog/catalog.ts';
import { columnsOfTypes, typedTables, typesOver } from '../catalog/types.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import { dependentViews, dropTableEffects } from './drop.ts';

const AX = 'AccessExclusiveLock';

/** Only a constraint that is new, or validated, looks at rows: those of every table with a column of the domain, or of a domain over it. */
export function alterDomainEffects(out: Collector, catalog: Catalog, action: ActionOf<'alter-domain'>): void {
  const checks =
    action.command === 'add-constraint' || action.command === 'validate-constraint' || action.command === 'set-not-null';
  if (!checks) return;
  for (const { table } of columnsOfTypes(catalog, typesOver(catalog, [typeKey(catalog, action.name)]))) {
    // A partitioned table has no rows of its own.
    if (!isPartitioned(table) && table.kind === 'table')
      out.relation(table, 'ShareLock', 'a column of the domain is checked, row by row', { scan: true });
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

export function dropTypesEffects(out: Collector, catalog: Catalog, version: number, keys: readonly string[]): void {
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

/** Tables made of a composite type change with it where CASCADE says so; a column of the type forbids what would change its values. */
export function alterCompositeEffects(
  out: Collector,
  catalog: Catalog,
  { name, commands }: ActionOf<'alter-composite'>,
): void {
  const cascades = commands.filter(({ cascade }) => cascade);
  if (cascades.length === 0) return;
  for (const table of typedTables(catalog, new Set([typeKey(catalog, name)])))
    out.relation(table, AX, `is a table of ${name.name}`, { rewrite: cascades.some(({ kind }) => kind === 'set-type') });
}
