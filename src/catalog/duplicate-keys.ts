import type { ActionOf, ConstraintDef } from '../sql/action.ts';

type Written = Pick<ActionOf<'create-table'>, 'columns' | 'constraints'>;

/** Of equal keys in one CREATE TABLE PostgreSQL makes one, under the first name that any of them has: transformIndexConstraints in parse_utilcmd.c. */
export function withoutDuplicateKeys({ columns, constraints }: Written): Written {
  const written = [...columns.flatMap((column) => column.constraints), ...constraints];
  const keys = written.filter(({ kind }) => kind === 'primary-key' || kind === 'unique');
  if (keys.length < 2) return { columns, constraints };
  const first = new Map<string, ConstraintDef>();
  const names = new Map<ConstraintDef, string | null>();
  // The primary key comes first, wherever it is written.
  for (const key of keys.sort((a, b) => Number(b.kind === 'primary-key') - Number(a.kind === 'primary-key'))) {
    const same = JSON.stringify({ ...key, kind: null, name: null });
    const prior = first.get(same);
    if (prior === undefined) first.set(same, key);
    else names.set(prior, names.get(prior) ?? prior.name ?? key.name);
  }
  if (first.size === keys.length) return { columns, constraints };
  const kept = new Set(first.values());
  const keep = (list: readonly ConstraintDef[]): ConstraintDef[] =>
    list.flatMap((constraint) => {
      if ((constraint.kind === 'primary-key' || constraint.kind === 'unique') && !kept.has(constraint)) return [];
      return [{ ...constraint, name: names.get(constraint) ?? constraint.name }];
    });
  return {
    columns: columns.map((column) => ({ ...column, constraints: keep(column.constraints) })),
    constraints: keep(constraints),
  };
}
