import { blocked, defineRule, relationsOf, whoWaits } from '../src/lint/kit.ts';

export default defineRule({
  name: 'create-index-blocking',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['require-concurrent-index-creation'],
    strong_migrations: ['add_index', 'add_reference'],
    eugene: ['E6'],
    MigrationPilot: ['MP001'],
    pgfence: ['create-index-not-concurrent'],
    Atlas: ['PG101'],
  },
  docs: {
    what: 'CREATE INDEX without CONCURRENTLY on a table that already exists.',
    why: 'The build reads every row under ShareLock: every INSERT, UPDATE and DELETE waits until it is done, minutes on a big table.',
    instead: 'CREATE INDEX CONCURRENTLY, in a file of its own. It takes longer, but lets writes through.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'CREATE INDEX orders_total ON orders (total);',
      },
      { before: 'CREATE TABLE users (email text);', sql: 'CREATE UNIQUE INDEX ON users (lower(email));' },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'CREATE INDEX CONCURRENTLY orders_total ON orders (total);',
      },
      { sql: 'CREATE TABLE rates (id bigint PRIMARY KEY, day date);\nCREATE INDEX rates_day ON rates (day);' },
      {
        before: 'CREATE TABLE parts (id bigint, day date) PARTITION BY RANGE (day);',
        sql: 'CREATE INDEX parts_day ON ONLY parts (day);',
      },
    ],
  },
  on: ['create-index'],
  check: ({ effects, text }) => {
    const found = blocked(effects);
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `CREATE INDEX stops ${whoWaits(first.effect)} on ${first.effect.relation} until the index is built`,
      why: `It reads every row under ${first.effect.lock}; INSERT, UPDATE and DELETE wait for as long as that takes.`,
      instead: `In a file of its own: ${text.replace(/^CREATE\s+(?:UNIQUE\s+)?INDEX\b/i, '$& CONCURRENTLY')};`,
    };
  },
});
