import { type Catalog, isDomainConstrained, type Table, typeKey } from '../catalog/catalog.ts';
import { typeChange } from '../postgres/type-change.ts';
import type { AlterCommand, TypeName } from '../sql/action.ts';

/** `indexes`: the heap stays, but indexes over the column are built anew. `recheck`: only CHECK constraints over it are checked again. */
export interface ColumnTypeChange {
  readonly kind: 'free' | 'recheck' | 'indexes' | 'rewrite';
  readonly because: string;
}

export function columnTypeChange(
  catalog: Catalog,
  table: Table | null,
  command: Extract<AlterCommand, { kind: 'set-type' }>,
): ColumnTypeChange {
  const column = table?.columns.get(command.column);
  const spelling = spelledType(command.type);
  if (command.using !== null && command.using.bareColumn === null) {
    return { kind: 'rewrite', because: 'USING computes a new value for every row' };
  }
  const cast = command.using?.bareColumn ?? null;
  if (cast !== null && cast.column !== command.column)
    return { kind: 'rewrite', because: 'USING takes the value from another column' };
  if (column === undefined) {
    return {
      kind: 'rewrite',
      because: `the old type of ${command.column} is not known; unless ${spelling} only widens it, every row is written anew`,
    };
  }
  const target = domainBase(catalog, command.type);
  if (target.constrained)
    return {
      kind: 'rewrite',
      because: `the domain ${command.type.name} has constraints, which are checked for every row`,
    };
  const from = domainBase(catalog, column.type).base;
  // `USING c::t` casts twice: to t, then to the new type. Both must be free.
  const between = cast?.cast ?? null;
  const steps =
    between === null ? [[from, target.base] as const] : [[from, between] as const, [between, target.base] as const];
  const changes = steps.map(([a, b]) => typeChange(a, b));
  const fromTo = `from ${spelledType(column.type)} to ${spelling}`;
  if (changes.includes('rewrite')) return { kind: 'rewrite', because: `the change ${fromTo} writes every row anew` };
  if (changes.includes('utc')) {
    const timezone = catalog.settings.get('timezone')?.toUpperCase();
    if (timezone === undefined || !['UTC', 'GMT', 'ETC/UTC'].includes(timezone)) {
      return {
        kind: 'rewrite',
        because: `the change ${fromTo} writes every row anew unless the session's TimeZone is UTC`,
      };
    }
  }
  // Without COLLATE, the collation of the new type comes back.
  const recollated = (command.collation ?? 'default') !== (column.collation ?? 'default');
  const indexes = [...(table?.indexes ?? [])];
  const reordered = recollated || changes.includes('utc') || changesOperators(from, target.base);
  // An index with an expression or a predicate is never taken over: CheckIndexCompatible in indexcmds.c.
  if (
    indexes.some(
      ({ columns, computedFrom }) =>
        computedFrom.includes(command.column) ||
        (columns.includes(command.column) && (reordered || computedFrom.length > 0)),
    )
  ) {
    return {
      kind: 'indexes',
      because: `the change ${fromTo} keeps the rows, but indexes over ${command.column} are built anew`,
    };
  }
  const checked = [...(table?.constraints.values() ?? [])].some(
    (constraint) => constraint.kind === 'check' && constraint.columns.includes(command.column),
  );
  if (checked && !changes.every((change) => change === 'same')) {
    return {
      kind: 'recheck',
      because: `the change ${fromTo} keeps the rows, but a CHECK over ${command.column} is checked again`,
    };
  }
  return { kind: 'free', because: `the change ${fromTo} keeps the rows as they are` };
}

/** The same bytes, but another operator class. */
const REORDERED = new Set(['int4>oid', 'oid>int4', 'bit>varbit']);

/** An index survives only where the old and new type share their operator family's operators. */
function changesOperators(from: TypeName, to: TypeName): boolean {
  return (from.name === 'citext') !== (to.name === 'citext') || REORDERED.has(`${from.name}>${to.name}`);
}

function domainBase(catalog: Catalog, type: TypeName): { base: TypeName; constrained: boolean } {
  const domain = catalog.domains.get(typeKey(catalog, type));
  return { base: domain?.base ?? type, constrained: isDomainConstrained(catalog, type) };
}

/** As a message shows it: `numeric(10,2)[]`. */
export function spelledType(type: TypeName): string {
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.join(',')})`;
  return `${type.schema === null ? '' : `${type.schema}.`}${type.name}${modifiers}${type.array ? '[]' : ''}`;
}
