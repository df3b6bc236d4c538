import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'json-column',
  category: 'style',
  severity: 'off',
  aliases: { strong_migrations: ['add_column_json'], eugene: ['E3'], pgfence: ['add-column-json'] },
  docs: {
    what: 'A column of type json.',
    why: 'It has no equality: SELECT DISTINCT, GROUP BY and UNION over it fail, and no index finds what is in it.',
    instead: 'Use jsonb.',
    source: 'https://www.postgresql.org/docs/current/datatype-json.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, details json);' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, details jsonb);' }],
  },
  concerns: ({ type }) => type.name === 'json',
});
