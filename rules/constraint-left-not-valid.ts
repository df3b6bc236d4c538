import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'constraint-left-not-valid',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A constraint that is added NOT VALID and that no later file validates, although later files follow.',
    why: 'It holds for new rows alone: a row that breaks it stays, and fails when it is next updated; the planner cannot rely on it, nor can SET NOT NULL.',
    instead: 'VALIDATE CONSTRAINT in a later file: it reads the table while writes go on.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;',
        after: 'CREATE TABLE notes (id bigint PRIMARY KEY);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;',
        after: 'ALTER TABLE orders VALIDATE CONSTRAINT total_positive;',
      },
    ],
  },
});
