import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'syntax-error',
  category: 'correctness',
  severity: 'error',
  aliases: { squawk: ['syntax-error'] },
  docs: {
    what: "A statement that PostgreSQL's grammar refuses, or a NUL byte.",
    why: 'It fails when it is run. The statements around it are still checked.',
    instead: 'Correct it. A placeholder that a tool fills in gets its value by --var NAME=value.',
    source: 'https://www.postgresql.org/docs/current/sql-syntax.html',
  },
  examples: {
    bad: [
      { sql: 'CREATE TABEL orders (id bigint);', fails: '42601' },
      { sql: 'CREATE TABLE orders (id bigint,);', fails: '42601' },
    ],
    good: [{ sql: 'CREATE TABLE orders (id bigint);' }],
  },
});
