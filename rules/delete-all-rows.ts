import { defineRule, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'delete-all-rows',
  category: 'data-loss',
  severity: 'error',
  aliases: { pgfence: ['delete-without-where'] },
  docs: {
    what: 'DELETE without WHERE on a table that already exists.',
    why: 'All rows are gone, in one long transaction: each stays locked until the end, and the replicas get it all at once.',
    instead:
      'Say which rows in a WHERE, and put the statement into a file that ends in .backfill.sql, which runs it in small batches.',
    source: 'https://www.postgresql.org/docs/current/sql-delete.html',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE sessions (id bigint PRIMARY KEY);', sql: 'DELETE FROM sessions;' }],
    good: [
      { before: 'CREATE TABLE sessions (id bigint PRIMARY KEY);', sql: 'DELETE FROM sessions WHERE id = 5;' },
      { sql: 'CREATE TABLE rates (day date);\nDELETE FROM rates;' },
    ],
  },
  on: ['dml'],
  check: (context) => {
    const { action } = context;
    const effect = standing(context, action.table);
    if (action.command !== 'delete' || action.hasWhere || effect === null) return null;
    return {
      relations: [effect.relation],
      message: `DELETE removes all rows of ${effect.relation}`,
      why: 'Nothing brings the rows back, and until it is done, each of them is locked.',
      instead: `Say which rows, in a file that ends in .backfill.sql: DELETE FROM ${sqlName(action.table)} WHERE …;`,
    };
  },
});
