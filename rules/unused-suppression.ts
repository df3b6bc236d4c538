import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'unused-suppression',
  category: 'style',
  severity: 'warning',
  aliases: { squawk: ['unused-ignore'] },
  docs: {
    what: 'A suppression comment where its rule has nothing to report.',
    why: 'Left in place, it would hide the next finding without anybody looking.',
    instead: 'Remove it.',
    source: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS',
  },
  examples: {
    bad: [
      {
        sql: '-- tiptoe-disable-next-statement create-index-blocking: the table is small\nCREATE TABLE orders (id bigint);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: '-- tiptoe-disable-next-statement create-index-blocking: the table is small\nCREATE INDEX orders_total ON orders (total);',
      },
    ],
  },
});
