import { defineRule, runsAloneHere } from '../src/lint/kit.ts';

export default defineRule({
  name: 'concurrently-in-transaction',
  category: 'correctness',
  severity: 'error',
  aliases: {
    squawk: ['ban-concurrent-index-creation-in-transaction'],
    MigrationPilot: ['MP025'],
    pgfence: ['concurrent-in-transaction'],
    Atlas: ['PG103'],
  },
  docs: {
    what: 'CONCURRENTLY, VACUUM and other statements that PostgreSQL refuses inside a transaction block, after a BEGIN or where the migration tool begins one.',
    why: 'The statement fails, and takes the rest of the transaction with it.',
    instead:
      'Put it in a file of its own, without BEGIN and COMMIT, and tell the migration tool to run that file without a transaction.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'BEGIN;\nCREATE INDEX CONCURRENTLY orders_total ON orders (total);\nCOMMIT;',
        fails: '25001',
      },
      { before: 'CREATE TABLE orders (total numeric);', sql: 'BEGIN;\nVACUUM orders;\nCOMMIT;', fails: '25001' },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'CREATE INDEX CONCURRENTLY orders_total ON orders (total);',
      },
    ],
  },
  on: ['create-index', 'drop-relation', 'reindex', 'alter-table', 'vacuum', 'cluster', 'runs-alone', 'do'],
  check: ({ action, effects, catalog, inTransaction, run }) => {
    if (!inTransaction || !runsAloneHere(catalog, action)) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: 'this statement cannot run inside a transaction block',
      why:
        run === null
          ? 'PostgreSQL refuses it after BEGIN, and the transaction is rolled back.'
          : `${run.tool} ${run.does}, and PostgreSQL refuses it there: all of it is rolled back.`,
      instead: run?.apart ?? 'Move it to a file of its own, without BEGIN and COMMIT.',
    };
  },
});
