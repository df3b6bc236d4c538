import { defineRule, list, notImmutable, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'index-not-immutable',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'An index, or a generated column, over an expression that calls a function that is not IMMUTABLE: now(), to_char(), concat().',
    why: 'PostgreSQL refuses it: what is stored would no longer be what the expression gives.',
    instead: 'Use functions that depend on their arguments alone: date_trunc of a timestamp, || in place of concat.',
    source: 'https://www.postgresql.org/docs/current/xfunc-volatility.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (placed_at timestamptz);',
        sql: "CREATE INDEX CONCURRENTLY orders_recent ON orders (placed_at) WHERE placed_at > now() - interval '1 day';",
        fails: '42P17',
      },
      {
        sql: "CREATE TABLE people (first text, last text, name text GENERATED ALWAYS AS (concat(first, ' ', last)) STORED);",
        fails: '42P17',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE people (email text);',
        sql: 'CREATE INDEX CONCURRENTLY people_email ON people (lower(email));',
      },
    ],
  },
  on: ['create-index', 'create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const columns =
      action.kind === 'create-table'
        ? action.columns
        : action.kind === 'alter-table'
          ? action.commands.flatMap((command) => (command.kind === 'add-column' ? [command.column] : []))
          : [];
    const expressions =
      action.kind === 'create-index'
        ? [...action.expressions, ...(action.where === null ? [] : [action.where])]
        : columns.flatMap(({ generated }) => (generated === null ? [] : [generated.expression]));
    const calls = [...new Set(expressions.flatMap((expression) => notImmutable(expression, catalog)))];
    if (calls.length === 0) return null;
    const table = resolve(catalog, action.kind === 'create-index' ? action.table : action.name);
    const what = action.kind === 'create-index' ? 'index' : 'generated column';
    return {
      relations: [table],
      message: `the ${what} of ${table} fails: ${list(calls)} ${calls.length === 1 ? 'is' : 'are'} not immutable`,
      why: 'What is stored would no longer be what the expression gives, so PostgreSQL refuses it.',
      instead: 'Use functions that depend on their arguments alone.',
    };
  },
});
