import { defineRule, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'truncate-table',
  category: 'data-loss',
  severity: 'error',
  aliases: { squawk: ['ban-truncate-cascade'], MigrationPilot: ['MP036'], pgfence: ['truncate', 'truncate-cascade'] },
  docs: {
    what: 'TRUNCATE of a table that already exists.',
    why: 'All rows are gone, with CASCADE those of every table that refers to it too, and reads and writes wait for AccessExclusiveLock on each.',
    instead: 'Delete by batches what has to go, with a WHERE that says why: tiptoe backfill.',
    source: 'https://www.postgresql.org/docs/current/sql-truncate.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE sessions (id bigint);', sql: 'TRUNCATE sessions;' },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint REFERENCES users);',
        sql: 'TRUNCATE users CASCADE;',
      },
    ],
    good: [{ sql: 'CREATE TABLE rates (day date);\nTRUNCATE rates;' }],
  },
  on: ['truncate'],
  check: ({ effects }) => {
    const relations = effects.relations.flatMap(({ relation, preexisting }) => (preexisting ? [relation] : []));
    const [first] = relations;
    if (first === undefined) return null;
    return {
      relations,
      message: `TRUNCATE removes all rows of ${list(relations)}`,
      why: 'Nothing brings the rows back, and reads and writes wait while the locks are waited for.',
      instead: `Delete by batches what has to go: a file ending in .backfill.sql with DELETE FROM ${first} WHERE …`,
    };
  },
});
