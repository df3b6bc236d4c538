import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'not-understood',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A statement whose effect tiptoe does not know, such as a DO block.',
    why: 'Silence would look like safety.',
    instead: 'Find out what it locks, and suppress the finding with that as the reason.',
    source: 'https://www.postgresql.org/docs/current/sql-do.html',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE orders (id bigint);', sql: "DO $$ BEGIN EXECUTE 'TRUNCATE orders'; END $$;" }],
    good: [{ before: 'CREATE TABLE orders (id bigint);', sql: 'COMMENT ON TABLE orders IS NULL;' }],
  },
});
