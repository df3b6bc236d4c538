import { defineRule, plainWords } from '../src/lint/kit.ts';

export default defineRule({
  name: 'cascading-delete',
  category: 'policy',
  severity: 'off',
  docs: {
    what: 'A foreign key with ON DELETE CASCADE.',
    why: 'One DELETE can take any number of rows in other tables with it, in one transaction, without anybody seeing how many.',
    instead: 'Delete the referring rows first, in batches; let the key refuse what is left.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ text, effects }) => {
    if (!/cascade/i.test(text) || !plainWords(text).includes('ON DELETE CASCADE')) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: 'a DELETE of the row that this foreign key refers to takes all rows that refer to it along',
      why: 'Nobody sees how many that are before they are gone, and all of them go in one transaction.',
      instead: 'Delete the referring rows first, in batches, and let the key refuse what is left.',
    };
  },
});
