import type { ConstraintDef } from '../sql/action.ts';
import { type Catalog, keyOf, type Table } from './catalog.ts';

const SUFFIXES: Readonly<Record<ConstraintDef['kind'], string>> = {
  check: 'check',
  'not-null': 'not_null',
  unique: 'key',
  'primary-key': 'pkey',
  exclude: 'excl',
  'foreign-key': 'fkey',
};

/** The name that a constraint has, or that PostgreSQL makes up for it. */
export function constraintName(catalog: Catalog, table: Table, constraint: ConstraintDef): string {
  if (constraint.name !== null) return constraint.name;
  if ('usingIndex' in constraint && constraint.usingIndex !== null) return constraint.usingIndex;
  const columns = constraint.kind === 'exclude' ? constraint.nameParts : columnsOf(constraint);
  // A check names its column only when it has just one.
  const named = constraint.kind === 'primary-key' || (constraint.kind === 'check' && columns.length > 1) ? [] : columns;
  return freeName(
    ownName(table.name, named.join('_'), SUFFIXES[constraint.kind]),
    (name) => table.constraints.has(name) || catalog.relations.has(keyOf(table.schema, name)),
  );
}

export function columnsOf(constraint: ConstraintDef): readonly string[] {
  if (constraint.kind === 'check') return constraint.expression.columns;
  return constraint.kind === 'not-null' ? [constraint.column] : constraint.columns;
}

/** PostgreSQL appends 1, 2, … to a name of its own making that is taken. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 0; ; number += 1) {
    const candidate = number === 0 ? name : `${name}${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** NAMEDATALEN - 1 */
const LONGEST = 63;

/** makeObjectName in indexcmds.c: of what is too long, the longer of the first two parts is cut, a character at a time. */
export function ownName(table: string, columns: string, suffix: string): string {
  let [first, second] = [table, columns];
  const room = LONGEST - bytes(suffix) - 1 - (second === '' ? 0 : 1);
  while (bytes(first) + bytes(second) > room) {
    if (bytes(first) > bytes(second)) first = withoutLast(first);
    else second = withoutLast(second);
  }
  return [first, second, suffix].filter((part) => part !== '').join('_');
}

const UTF8 = new TextEncoder();

function bytes(text: string): number {
  return UTF8.encode(text).length;
}

function withoutLast(text: string): string {
  return Array.from(text).slice(0, -1).join('');
}
