import { blocked, defineRule, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'reindex-blocking',
  category: 'blocking',
  severity: 'error',
  aliases: { squawk: ['require-concurrent-reindex'], MigrationPilot: ['MP021'] },
  docs: {
    what: 'REINDEX without CONCURRENTLY.',
    why: 'It locks the table against writes and the index against everything: nearly every query looks at all indexes when it is planned, so reads stop too.',
    instead: 'REINDEX … CONCURRENTLY, in a file of its own.',
    source: 'https://www.postgresql.org/docs/current/sql-reindex.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE orders (id bigint PRIMARY KEY);', sql: 'REINDEX TABLE orders;' },
      { before: 'CREATE TABLE orders (id bigint PRIMARY KEY);', sql: 'REINDEX INDEX orders_pkey;' },
    ],
    good: [{ before: 'CREATE TABLE orders (id bigint PRIMARY KEY);', sql: 'REINDEX TABLE CONCURRENTLY orders;' }],
  },
  on: ['reindex'],
  check: ({ effects, text }) => {
    const found = blocked(effects);
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `REINDEX stops writes on ${first.effect.relation}, and most reads, until the index is built`,
      why: 'The index is locked against everything, and a query is planned with a look at every index of its tables.',
      instead: `In a file of its own: ${text.replace(/\b(?:TABLE|INDEX|SCHEMA|DATABASE)\b/i, '$& CONCURRENTLY')};`,
    };
  },
});
