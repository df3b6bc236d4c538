import { defineRule, readsItself, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'backfill-reads-itself',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A backfill whose UPDATE or DELETE reads other rows of the table that it changes.',
    why: 'Run in batches, it finds there what the batches before have done: a DELETE of rows that have a twin, say, may find the twin gone. Nor can anything tell at the end that it is done.',
    instead:
      'Put what it reads into a table of its own first, and read that; or, if no row depends on another that is changed, suppress this with that reason.',
    source: 'https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: '-- tiptoe:backfill\nDELETE FROM users u WHERE EXISTS (SELECT FROM users o WHERE o.email = u.email AND o.id <> u.id);',
      },
      {
        before: 'CREATE TABLE nodes (id bigint PRIMARY KEY, parent bigint, path text);',
        sql: "-- tiptoe:backfill\nUPDATE nodes n SET path = (SELECT p.path || '/' || n.id FROM nodes p WHERE p.id = n.parent) WHERE n.path IS NULL;",
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);\nCREATE TABLE twins (id bigint PRIMARY KEY);',
        sql: '-- tiptoe:backfill\nDELETE FROM users u USING twins t WHERE t.id = u.id;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text, email_lower text);',
        sql: '-- tiptoe:backfill\nUPDATE users SET email_lower = lower(email) WHERE email_lower IS NULL;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE seen (id bigint PRIMARY KEY);',
        sql: '-- tiptoe:backfill\nINSERT INTO seen SELECT u.id FROM users u WHERE NOT EXISTS (SELECT FROM seen s WHERE s.id = u.id);',
      },
    ],
  },
  on: ['dml'],
  check: (context) => {
    const { action, file } = context;
    if (!file.isBackfill || (action.command !== 'update' && action.command !== 'delete')) return null;
    const effect = standing(context, action.table);
    if (effect === null || !readsItself(context)) return null;
    return {
      relations: [effect.relation],
      message: `${action.command.toUpperCase()} reads ${effect.relation}, which it changes, in batches`,
      why: 'Each batch finds there what the batches before it have done, so that its rows may become others than by the statement run at once.',
      instead: 'Put what it reads into a table of its own first, and read that in the backfill.',
    };
  },
});
