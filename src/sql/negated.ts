import type { Comparison, Condition } from './action.ts';

const OPPOSITE: Readonly<Record<Comparison, Comparison>> = {
  '<': '>=',
  '<=': '>',
  '=': '<>',
  '<>': '=',
  '>=': '<',
  '>': '<=',
};

/** NOT, moved inwards as PostgreSQL's planner does it. */
export function negated(condition: Condition): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { kind: condition.kind === 'and' ? 'or' : 'and', of: condition.of.map(negated) };
    case 'is-null':
    case 'is-not-null':
      return { ...condition, kind: condition.kind === 'is-null' ? 'is-not-null' : 'is-null' };
    case 'compare':
      return { ...condition, operator: OPPOSITE[condition.operator] };
    case 'unread':
      return condition;
  }
}
