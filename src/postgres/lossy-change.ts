import type { TypeName } from '../sql/action.ts';

/** What a change of type drops from values without an error; null where it keeps them, or fails on those that do not fit. */
export function lossOf(from: TypeName, to: TypeName): string | null {
  if (from.schema !== null || to.schema !== null || from.array || to.array) return null;
  const integer = INTEGERS.has(to.name);
  if (FRACTIONS.has(from.name) && integer) return 'rounds away what stands after the decimal point';
  if (from.name === 'float8' && to.name === 'float4') return 'keeps 6 digits of 15';
  if (to.name === 'numeric' && FRACTIONS.has(from.name) && to.modifiers.length > 0) {
    const scale = Number(to.modifiers[1] ?? 0);
    const had = from.name === 'numeric' && from.modifiers.length > 0 ? Number(from.modifiers[1] ?? 0) : Infinity;
    return scale < had ? `rounds to ${scale} digits after the decimal point` : null;
  }
  if (STAMPS.has(from.name) && to.name === 'date') return 'drops the time of day';
  if (STAMPS.has(from.name) && TIMES.has(to.name)) return 'drops the date';
  if (CLOCKS.has(from.name) && from.name === to.name) {
    const [had = 6, has = 6] = [from.modifiers.at(-1), to.modifiers.at(-1)];
    return Number(has) < Number(had) ? `rounds to ${has} digits of a second` : null;
  }
  return null;
}

const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);
const FRACTIONS: ReadonlySet<string> = new Set(['numeric', 'float4', 'float8']);
const STAMPS: ReadonlySet<string> = new Set(['timestamp', 'timestamptz']);
const TIMES: ReadonlySet<string> = new Set(['time', 'timetz']);
const CLOCKS: ReadonlySet<string> = new Set(['timestamp', 'timestamptz', 'time', 'timetz']);

/** Whether an explicit cast cuts values to length: `name::varchar(10)`. */
export function cuts(to: TypeName): boolean {
  return !to.array && ['varchar', 'bpchar', 'bit', 'varbit'].includes(to.name) && to.modifiers.length > 0;
}
