import type { TypeName } from '../sql/action.ts';
import { canonical } from './type-change.ts';

const TEXT = ['text', 'varchar', 'bpchar'];
/** Each is cast to those after it without being asked, and to those before it on assignment. */
const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];

const IMPLICIT = new Set([
  'date>timestamp',
  'date>timestamptz',
  'timestamp>timestamptz',
  'time>timetz',
  'time>interval',
  'cidr>inet',
  'macaddr>macaddr8',
  'bit>varbit',
  'varbit>bit',
  'int2>oid',
  'int4>oid',
  'int8>oid',
  'macaddr8>macaddr',
]);

const ASSIGNMENT = new Set([
  'timestamp>date',
  'timestamptz>date',
  'timestamptz>timestamp',
  'timestamp>time',
  'timestamptz>time',
  'timestamptz>timetz',
  'interval>time',
  'timetz>time',
  'inet>cidr',
  'json>jsonb',
  'jsonb>json',
  'int4>money',
  'int8>money',
  'numeric>money',
  'money>numeric',
  'oid>int4',
  'oid>int8',
]);

/** Types whose casts to each other are all known here; a test compares them with pg_cast. */
export const CAST_TYPES: readonly string[] = [
  ...TEXT,
  ...NUMBERS,
  'bool',
  'bytea',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'timetz',
  'interval',
  'uuid',
  'json',
  'jsonb',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'bit',
  'varbit',
  'money',
  'oid',
];

/** How a value of one type becomes one of another where nobody asks by a cast: `none` is refused, null is not known here. */
export function castContext(from: TypeName, to: TypeName): 'same' | 'implicit' | 'assignment' | 'none' | null {
  const [a, b] = [canonical(from), canonical(to)];
  if (a.schema !== b.schema || !CAST_TYPES.includes(a.name) || !CAST_TYPES.includes(b.name)) return null;
  if (a.array !== b.array) return !a.array || !TEXT.includes(b.name) ? 'none' : 'assignment';
  if (a.name === b.name) return 'same';
  if (TEXT.includes(b.name)) return TEXT.includes(a.name) ? 'implicit' : 'assignment';
  const [low, high] = [NUMBERS.indexOf(a.name), NUMBERS.indexOf(b.name)];
  if (low !== -1 && high !== -1) return low < high ? 'implicit' : 'assignment';
  const pair = `${a.name}>${b.name}`;
  return IMPLICIT.has(pair) ? 'implicit' : ASSIGNMENT.has(pair) ? 'assignment' : 'none';
}

/** Types whose values one index can compare with each other: integer_ops and its like. */
const FAMILIES = [
  ['int2', 'int4', 'int8'],
  ['float4', 'float8'],
  ['date', 'timestamp', 'timestamptz'],
  ['text', 'varchar'],
  ['inet', 'cidr'],
];

/** Whether a foreign key may compare its column with the one it refers to; null where it is not known here. */
export function canReference(column: TypeName, referenced: TypeName): boolean | null {
  const cast = castContext(column, referenced);
  if (cast === null) return null;
  const [a, b] = [canonical(column), canonical(referenced)];
  const isOneFamily = FAMILIES.some((family) => family.includes(a.name) && family.includes(b.name));
  return cast === 'same' || cast === 'implicit' || (isOneFamily && a.array === b.array && !a.array);
}
