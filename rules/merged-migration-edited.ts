import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'merged-migration-edited',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'With --since: a migration that is merged already, and was edited, renamed or deleted since.',
    why: 'A database that has run it does not run it again, so it keeps what the merged text made, and a new database gets something else; a runner that keeps checksums refuses to go on.',
    instead: 'Put it back as it was (git checkout REF -- FILE), and make the change in a new migration.',
    source: 'https://www.postgresql.org/docs/current/ddl-alter.html',
  },
  examples: {
    bad: [
      {
        merged: 'CREATE TABLE orders (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
      },
    ],
    good: [
      {
        merged: 'CREATE TABLE orders (id bigint PRIMARY KEY);\r\n',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY);\n',
      },
    ],
  },
});
