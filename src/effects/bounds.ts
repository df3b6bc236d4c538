import { type Table } from '../catalog/catalog.ts';
import { implies } from '../postgres/implication.ts';
import type { Comparison, Condition, Constant, PartitionBound, RangeEnd } from '../sql/action.ts';
import { negated } from '../sql/negated.ts';

const UNREAD: Condition = { kind: 'unread' };

/** What must hold for every row of a partition with the bound, and of the partitioned tables above it. */
export function partitionCondition(parent: Table, bound: PartitionBound, partition: Table | null): Condition {
  const above = [...parent.parents].flatMap((grandparent) =>
    parent.bound === null ? [] : [partitionCondition(grandparent, parent.bound, parent)],
  );
  return { kind: 'and', of: [boundCondition(parent, bound, partition), ...above] };
}

/** What must hold for every row of the default partition once there is a partition with the bound. */
export function defaultCondition(parent: Table, bound: PartitionBound): Condition {
  return negated(boundCondition(parent, bound, null));
}

/** Whether valid constraints of a table prove a condition, so that PostgreSQL does not read its rows. */
export function isProved(table: Table, condition: Condition): boolean {
  const known = [...table.constraints.values()].flatMap(({ validated, condition: says }) =>
    validated && says !== null ? [says] : [],
  );
  const notNull = [...table.columns].flatMap(([column, { notNull: sure }]): Condition[] =>
    sure ? [{ kind: 'is-not-null', column }] : [],
  );
  return implies([...known, ...notNull], condition, (column) => table.columns.get(column)?.type ?? null);
}

/** get_qual_from_partbound in partbounds.c */
function boundCondition(parent: Table, bound: PartitionBound, partition: Table | null): Condition {
  const columns = parent.partitionBy?.columns ?? [];
  switch (bound.kind) {
    case 'hash':
      return UNREAD;
    case 'list': {
      const [column = null] = columns;
      return column === null ? UNREAD : listCondition(column, bound.values);
    }
    case 'range':
      return columns.includes(null) || columns.length !== bound.from.length || columns.length !== bound.to.length
        ? UNREAD
        : rangeCondition(
            columns.flatMap((column) => column ?? []),
            bound.from,
            bound.to,
          );
    case 'default': {
      const others = [...parent.children].flatMap((child) =>
        // A contradictory history has two defaults.
        child === partition || child.bound === null || child.bound.kind === 'default' ? [] : [child.bound],
      );
      return { kind: 'and', of: others.map((other) => negated(boundCondition(parent, other, null))) };
    }
  }
}

function listCondition(column: string, values: readonly (Constant | 'unread')[]): Condition {
  const others = values.filter((value) => value === 'unread' || value.kind !== 'null');
  // predtest.c looks into a list of no more than this.
  const among: Condition =
    others.length > 100
      ? UNREAD
      : { kind: 'or', of: others.map((value) => (value === 'unread' ? UNREAD : equal(column, value))) };
  if (others.length === values.length) return { kind: 'and', of: [{ kind: 'is-not-null', column }, among] };
  return { kind: 'or', of: [{ kind: 'is-null', column }, among] };
}

function equal(column: string, value: Constant): Condition {
  return { kind: 'compare', column, operator: '=', value };
}

/** get_qual_for_range in partbounds.c: columns whose ends are the same, then what the next ones leave open, as one OR for each end. */
function rangeCondition(columns: readonly string[], from: RangeEnd, to: RangeEnd): Condition {
  const conditions: Condition[] = columns.map((column) => ({ kind: 'is-not-null', column }));
  let start = 0;
  for (; start < columns.length - 1; start += 1) {
    const [column = '', low, high] = [columns[start], from[start], to[start]];
    if (!isValue(low) || !isValue(high) || low.text !== high.text) break;
    conditions.push(equal(column, low));
  }
  conditions.push(...endCondition(columns, start, from, ['>', '>=', 'minvalue']));
  conditions.push(...endCondition(columns, start, to, ['<', '<=', 'maxvalue']));
  return { kind: 'and', of: conditions };
}

/** `a > 1 OR a = 1 AND b >= 2`. The last column's own end counts as inside only at the lower end. */
function endCondition(
  columns: readonly string[],
  start: number,
  end: RangeEnd,
  [strict, inclusive, unbounded]: readonly [Comparison, Comparison, 'minvalue' | 'maxvalue'],
): Condition[] {
  const arms: Condition[] = [];
  for (let last = start; last < columns.length; last += 1) {
    const value = end[last];
    if (value === 'unread') return [UNREAD];
    if (!isValue(value)) break;
    const next = end[last + 1];
    const isLast = last === columns.length - 1;
    const operator = (isLast && inclusive === '>=') || next === unbounded ? inclusive : strict;
    const equals = columns.slice(start, last).flatMap((column, offset) => {
      const before = end[start + offset];
      return isValue(before) ? [equal(column, before)] : [];
    });
    arms.push({ kind: 'and', of: [...equals, { kind: 'compare', column: columns[last] ?? '', operator, value }] });
    if (!isValue(next)) break;
  }
  return arms.length === 0 ? [] : [{ kind: 'or', of: arms }];
}

function isValue(end: RangeEnd[number] | undefined): end is Constant {
  return typeof end === 'object' && end.kind !== 'null';
}
