import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'unknown-directive',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A comment -- tiptoe:NAME that is no directive, or one without the name, the time or the reason that it needs.',
    why: 'It does nothing, though its author thinks it does.',
    instead: 'Write one that exists: tiptoe:transaction, tiptoe:requires, tiptoe:cap, tiptoe:writes, tiptoe:backfill.',
    source: 'https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS',
  },
  examples: {
    bad: [
      { sql: '-- tiptoe:require 003_tracking\nCREATE TABLE orders (id bigint);' },
      { sql: '-- tiptoe:requires\nCREATE TABLE orders (id bigint);' },
      { sql: '-- tiptoe:cap 20s\nCREATE TABLE orders (id bigint);' },
    ],
    good: [
      { sql: '-- tiptoe:requires 003_tracking\nCREATE TABLE orders (id bigint);' },
      { sql: '-- tiptoe:cap 20s: nobody reads it at night\nCREATE TABLE orders (id bigint);' },
    ],
  },
});
