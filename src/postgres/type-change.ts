import type { TypeName } from '../sql/action.ts';

/**
 * What `ALTER COLUMN … TYPE` does to the heap, without an expression in USING that computes something.
 * `utc`: free only in a session whose TimeZone is UTC, else a rewrite.
 */
export type TypeChange = 'same' | 'free' | 'rewrite' | 'utc';

/**
 * Follows ATColumnChangeRequiresRewrite and the casts of pg_cast: a change is free when the old bytes are valid as they are.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/commands/tablecmds.c
 */
export function typeChange(from: TypeName, to: TypeName): TypeChange {
  const [a, b] = [canonical(from), canonical(to)];
  if (a.array !== b.array || a.schema !== b.schema) return 'rewrite';
  if (a.name === b.name) return sameTypeModifiers(a, b);
  // The cast of an array converts every element, whatever the elements' cast would do.
  if (a.array) return 'rewrite';
  if (isText(a) && isText(b)) return b.modifiers.length === 0 || fitsLength(a, b) ? 'free' : 'rewrite';
  if (FREE.has(`${a.name}>${b.name}`) || isSameOid(a, b)) return b.modifiers.length === 0 ? 'free' : 'rewrite';
  // The cast forgets how precise the old type was.
  if (UTC.has(`${a.name}>${b.name}`)) return widens(undefined, b.modifiers[0]) ? 'utc' : 'rewrite';
  return 'rewrite';
}

/** Whether two types are one, under whatever names. */
export function sameType(a: TypeName, b: TypeName): boolean {
  return typeChange(a, b) === 'same';
}

/** Pairs without a conversion: the binary-coercible casts of pg_cast. */
const FREE = new Set([
  'cidr>inet',
  'bit>varbit',
  'text>citext',
  'varchar>citext',
  'citext>text',
  'citext>varchar',
  'text>bpchar',
  'varchar>bpchar',
  'citext>bpchar',
  'xml>bpchar',
  'regproc>regprocedure',
  'regprocedure>regproc',
  'regoper>regoperator',
  'regoperator>regoper',
  'xml>text',
  'xml>varchar',
]);

/** int4, oid and the types that show an oid as a name. */
function isSameOid(a: TypeName, b: TypeName): boolean {
  const isOid = ({ schema, name }: TypeName): boolean => schema === null && (name === 'int4' || name === 'oid');
  const isName = ({ schema, name }: TypeName): boolean => schema === null && REG_TYPE.test(name);
  return (isOid(a) && (isOid(b) || isName(b))) || (isName(a) && isOid(b));
}

const REG_TYPE = /^reg(?:class|collation|config|dictionary|namespace|oper|operator|proc|procedure|role|type)$/;

const UTC = new Set(['timestamp>timestamptz', 'timestamptz>timestamp']);

const ALIASES: Readonly<Record<string, string>> = {
  decimal: 'numeric',
  int: 'int4',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  real: 'float4',
  boolean: 'bool',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
  smallserial: 'int2',
  serial2: 'int2',
};

/** The type without its other names. */
export function canonical(type: TypeName): TypeName {
  return type.schema === null ? { ...type, name: ALIASES[type.name] ?? type.name } : type;
}

function isText(type: TypeName): boolean {
  return type.schema === null && (type.name === 'text' || type.name === 'varchar');
}

/** From `varchar(n)` a longer limit is free; from text, which has none, a limit must be checked. */
function fitsLength(a: TypeName, b: TypeName): boolean {
  const [from, to] = [a.modifiers[0], b.modifiers[0]];
  return typeof from === 'number' && typeof to === 'number' && to >= from;
}

function sameTypeModifiers(a: TypeName, b: TypeName): TypeChange {
  if (
    a.modifiers.length === b.modifiers.length &&
    a.modifiers.every((modifier, index) => modifier === b.modifiers[index])
  )
    return 'same';
  if (a.array) return b.modifiers.length === 0 ? 'free' : 'rewrite';
  switch (a.name) {
    // char(n) is padded to its length, but without one it is stored as it is.
    case 'bpchar':
      return b.modifiers.length === 0 ? 'free' : 'rewrite';
    case 'varchar':
    case 'varbit':
      return b.modifiers.length === 0 || fitsLength(a, b) ? 'free' : 'rewrite';
    case 'numeric': {
      if (b.modifiers.length === 0) return 'free';
      const [, scale = 0] = a.modifiers;
      const [, newScale = 0] = b.modifiers;
      return fitsLength(a, b) && newScale === scale ? 'free' : 'rewrite';
    }
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'timetz':
      return widens(a.modifiers[0], b.modifiers[0]) ? 'free' : 'rewrite';
    case 'interval':
      return keepsInterval(a, b) ? 'free' : 'rewrite';
    default:
      return 'rewrite';
  }
}

/** interval_support in timestamp.c: the least field may become smaller, and then nothing is cut off. */
function keepsInterval(a: TypeName, b: TypeName): boolean {
  const [fields, digits] = a.modifiers;
  const [newFields, newDigits] = b.modifiers;
  const least = leastField(fields);
  return leastField(newFields) <= least && (least > 0 || widens(digits, newDigits));
}

/** Bits of the mask of fields, seconds first: datetime.h and timestamp.h. */
const FIELD_BITS = [12, 11, 10, 3, 1, 2];
const ALL_FIELDS = 32767;

/** 0 for seconds, 5 for years. */
function leastField(fields: number | string = ALL_FIELDS): number {
  return FIELD_BITS.findIndex((bit) => (Number(fields) & (1 << bit)) !== 0);
}

/** Fractional seconds: no modifier is 6, the most. */
function widens(from: number | string = 6, to: number | string = 6): boolean {
  return Number(to) >= Number(from);
}
