import { defineRule, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'wide-index',
  category: 'style',
  severity: 'off',
  aliases: { strong_migrations: ['add_index_columns'] },
  docs: {
    what: 'An index of more than three columns.',
    why: 'Every write pays for it, and hardly any query uses its last columns.',
    instead: 'Keep the columns that choose; put what is only read along into INCLUDE, if anywhere.',
    source: 'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
  },
  examples: {
    bad: [
      { sql: 'CREATE TABLE orders (a int, b int, c int, d int);\nCREATE INDEX orders_all ON orders (a, b, c, d);' },
    ],
    good: [{ sql: 'CREATE TABLE orders (a int, b int, c int, d int);\nCREATE INDEX orders_some ON orders (a, b);' }],
  },
  options: {
    columns: { type: 'integer', minimum: 1, default: 3, description: 'How many columns an index may have.' },
  },
  on: ['create-index'],
  check: ({ action, catalog, options }) => {
    if (action.columns.length <= options.columns || action.method !== 'btree') return null;
    const table = resolve(catalog, action.table);
    return {
      relations: [table],
      message: `the index ${action.name ?? ''} of ${table} has ${action.columns.length} columns`,
      why: 'Every write pays for all of them, and hardly any query uses the last ones.',
      instead: 'Keep the columns that choose.',
    };
  },
});
