import type { Comparison, Condition, TypeName } from '../sql/action.ts';
import { compareConstants, type Order } from './constants.ts';

export type TypeOf = (column: string) => TypeName | null;

/**
 * Whether rows for which all of `known` holds are sure to fulfil `wanted`, as PostgreSQL proves it before it skips a scan: by the shape of
 * the conditions and by comparing constants, never by looking at rows. False when in doubt.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/optimizer/util/predtest.c
 */
export function implies(known: readonly Condition[], wanted: Condition, typeOf: TypeOf): boolean {
  return proves({ kind: 'and', of: known }, wanted, typeOf);
}

function proves(clause: Condition, wanted: Condition, typeOf: TypeOf): boolean {
  if (wanted.kind === 'and') return wanted.of.every((part) => proves(clause, part, typeOf));
  if (clause.kind === 'or') return clause.of.every((part) => proves(part, wanted, typeOf));
  if (wanted.kind === 'or' && wanted.of.some((part) => proves(clause, part, typeOf))) return true;
  if ('of' in clause) return clause.of.some((part) => proves(part, wanted, typeOf));
  if (clause.kind === 'unread' || wanted.kind === 'unread' || 'of' in wanted) return false;
  if (clause.column !== wanted.column) return false;
  // A CHECK is content with NULL, so that a comparison in one does not rule NULL out.
  if (clause.kind !== 'compare' || wanted.kind !== 'compare') return clause.kind === wanted.kind;
  const type = typeOf(clause.column);
  const order = type === null ? null : compareConstants(clause.value, wanted.value, type);
  return order !== null && (IMPLIED[clause.operator][wanted.operator]?.includes(order) ?? false);
}

const SAME: readonly Order[] = ['same'];
const LESS: readonly Order[] = ['less'];
const MORE: readonly Order[] = ['more'];
const UP_TO: readonly Order[] = ['less', 'same'];
const FROM: readonly Order[] = ['more', 'same'];

/** BT_implic_table: by the operator that is known and the one that is wanted, how the known constant must compare to the wanted one. */
const IMPLIED: Readonly<Record<Comparison, Readonly<Partial<Record<Comparison, readonly Order[]>>>>> = {
  '<': { '<': UP_TO, '<=': UP_TO, '<>': UP_TO },
  '<=': { '<': LESS, '<=': UP_TO, '<>': LESS },
  '=': { '<': LESS, '<=': UP_TO, '=': SAME, '<>': ['less', 'more', 'different'], '>=': FROM, '>': MORE },
  '<>': { '<>': SAME },
  '>=': { '>': MORE, '>=': FROM, '<>': MORE },
  '>': { '>': FROM, '>=': FROM, '<>': FROM },
};
