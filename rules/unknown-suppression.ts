import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'unknown-suppression',
  category: 'correctness',
  severity: 'error',
  aliases: { squawk: ['unused-ignore'] },
  docs: {
    what: 'A suppression comment that names no rule, a rule that does not exist, or no reason.',
    why: 'It hides nothing, though its author thinks it does.',
    instead: 'Write -- tiptoe-disable-next-statement RULE: why it is safe here. `tiptoe rules` lists the names.',
    source: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS',
  },
  examples: {
    bad: [
      {
        sql: '-- tiptoe-disable-next-statement create-index-bloking: the table is small\nCREATE TABLE orders (id bigint);',
      },
      { sql: '-- tiptoe-disable-next-statement create-index-blocking\nCREATE TABLE orders (id bigint);' },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: '-- tiptoe-disable-next-statement create-index-blocking: the table is small\nCREATE INDEX orders_total ON orders (total);',
      },
    ],
  },
});
