import { baseType, type Catalog, isDomainConstrained, type Table, typeKey } from '../catalog/catalog.ts';
import { type TypeChange, typeChange } from '../postgres/type-change.ts';
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
  // Each cast of `USING c::a::b`, and then the one to the new type, must be free.
  const types = [column.type, ...(cast?.casts ?? []), command.type];
  const changes = types.slice(1).map((to, index) => stepChange(catalog, types[index] ?? to, to));
  const fromTo = `from ${spelledType(column.type)} to ${spelling}`;
  if (changes.includes('checked'))
    return {
      kind: 'rewrite',
      because: `the domain ${command.type.name} has constraints, which are checked for every row`,
    };
  if (changes.includes('rewrite')) return { kind: 'rewrite', because: `the change ${fromTo} writes every row anew` };
  if (changes.includes('utc') && !isUtc(catalog.settings.get('timezone'))) {
    return {
      kind: 'rewrite',
      because: `the change ${fromTo} writes every row anew unless the session's TimeZone is UTC`,
    };
  }
  // Without COLLATE, the collation of the new type comes back.
  const recollated = (command.collation ?? 'default') !== (column.collation ?? 'default');
  const indexes = [...(table?.indexes ?? [])];
  const reordered =
    recollated ||
    changes.includes('utc') ||
    changesOperators(baseOf(catalog, column.type), baseOf(catalog, command.type));
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
    ({ kind, validated, columns }) => kind === 'check' && validated && columns.includes(command.column),
  );
  if (checked) {
    return {
      kind: 'recheck',
      because: `the change ${fromTo} keeps the rows, but a CHECK over ${command.column} is checked again`,
    };
  }
  return { kind: 'free', because: `the change ${fromTo} keeps the rows as they are` };
}

/** `checked`: a domain's constraints are. */
function stepChange(catalog: Catalog, from: TypeName, to: TypeName): TypeChange | 'checked' {
  if (isSameType(catalog, from, to)) return 'same';
  return isDomainConstrained(catalog, to) ? 'checked' : typeChange(baseOf(catalog, from), baseType(catalog, to));
}

function isSameType(catalog: Catalog, a: TypeName, b: TypeName): boolean {
  return (
    typeKey(catalog, a) === typeKey(catalog, b) && a.array === b.array && a.modifiers.join() === b.modifiers.join()
  );
}

/** What a column's type is under its domains; the length that a domain gives is not seen from outside. */
function baseOf(catalog: Catalog, type: TypeName): TypeName {
  const target = baseType(catalog, type);
  return target === type ? type : { ...target, modifiers: [] };
}

/** Time zones that were never anything but UTC: pg_get_timezone_offset in pgtz.c. */
function isUtc(timezone: string | undefined): boolean {
  return (
    timezone !== undefined &&
    /^(?:(?:etc\/)?(?:utc|uct|gmt|gmt[+-]?0|zulu|universal|greenwich)|[+-]?0+(?::00)*(?:\.0*)?)$/i.test(timezone.trim())
  );
}

/** The operator class by default of types that have none of their own. */
const OPERATORS: Readonly<Record<string, string>> = { varchar: 'text', cidr: 'inet' };

/** An index survives only where the old and new type share their operator class. */
function changesOperators(from: TypeName, to: TypeName): boolean {
  const [old, now] = [from.name, to.name].map((name) => OPERATORS[name] ?? (name.startsWith('reg') ? 'oid' : name));
  return old !== now;
}

/** As a message shows it: `numeric(10,2)[]`. */
export function spelledType(type: TypeName): string {
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.join(',')})`;
  return `${type.schema === null ? '' : `${type.schema}.`}${type.name}${modifiers}${type.array ? '[]' : ''}`;
}
