import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'money-column',
  category: 'style',
  severity: 'off',
  docs: {
    what: 'A column of type money.',
    why: 'Its scale and its text depend on lc_monetary of the server; a dump that is read elsewhere changes the amounts.',
    instead: 'Use numeric, with a column for the currency.',
    source: 'https://www.postgresql.org/docs/current/datatype-money.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, total money);' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2));' }],
  },
  concerns: ({ type }) => type.name === 'money',
});
