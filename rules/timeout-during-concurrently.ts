import { type Action, defineRule, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'timeout-during-concurrently',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'CREATE INDEX, DROP INDEX or REINDEX … CONCURRENTLY after a SET lock_timeout or statement_timeout that is still in force.',
    why: 'These statements wait for every older transaction to end, and the timeout ends that wait too. What is left is an INVALID index.',
    instead: 'RESET both, or set them to 0, before the statement. Its wait blocks nobody.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: "SET lock_timeout = '5s';\nCREATE INDEX CONCURRENTLY orders_total ON orders (total);",
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: "SET lock_timeout = 0;\nSET statement_timeout = '0';\nCREATE INDEX CONCURRENTLY orders_total ON orders (total);",
      },
    ],
  },
  on: ['create-index', 'drop-relation', 'reindex'],
  check: ({ action, catalog, effects }) => {
    if (!action.concurrently) return null;
    const inForce = ['lock_timeout', 'statement_timeout'].flatMap((name) => {
      const value = catalog.settings.get(name);
      return value === undefined || /^-?0\s*[a-z]*$/i.test(value.trim()) ? [] : [`${name} = ${value}`];
    });
    if (inForce.length === 0) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: `${list(inForce)} ${inForce.length === 1 ? 'is' : 'are'} in force during ${STATEMENT[action.kind]} CONCURRENTLY`,
      why: 'It waits for every older transaction to end. The timeout ends that wait too, and leaves an INVALID index.',
      instead: 'SET lock_timeout = 0; SET statement_timeout = 0; before it. Its wait blocks nobody.',
    };
  },
});

const STATEMENT = {
  'create-index': 'CREATE INDEX',
  'drop-relation': 'DROP INDEX',
  reindex: 'REINDEX',
} as const satisfies Partial<Record<Action['kind'], string>>;
