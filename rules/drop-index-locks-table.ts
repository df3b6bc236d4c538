import { defineRule, list, qualifiedName, resolve, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-index-locks-table',
  category: 'locking',
  severity: 'warning',
  aliases: {
    squawk: ['require-concurrent-index-deletion'],
    strong_migrations: ['remove_index'],
    MigrationPilot: ['MP009'],
    pgfence: ['drop-index-not-concurrent'],
    Atlas: ['PG102'],
  },
  docs: {
    what: 'DROP INDEX without CONCURRENTLY on a table that already exists.',
    why: 'It takes AccessExclusiveLock on the table as well: it waits for the longest running query, and every query that comes later waits behind it.',
    instead: 'DROP INDEX CONCURRENTLY, in a file of its own. A partitioned index can only be dropped the plain way.',
    source: 'https://www.postgresql.org/docs/current/sql-dropindex.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE INDEX orders_total ON orders (total);',
        sql: 'DROP INDEX orders_total;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE INDEX orders_total ON orders (total);',
        sql: 'DROP INDEX CONCURRENTLY orders_total;',
      },
      {
        sql: 'CREATE TABLE rates (day date);\nCREATE INDEX rates_day ON rates (day);\nDROP INDEX rates_day;',
      },
      {
        before: 'CREATE TABLE parts (day date) PARTITION BY RANGE (day);\nCREATE INDEX parts_day ON parts (day);',
        sql: 'DROP INDEX parts_day;',
      },
    ],
  },
  on: ['drop-relation'],
  check: ({ action, effects, catalog }) => {
    if (action.relationKind !== 'index' || action.concurrently) return null;
    const tables = action.names.flatMap((name) => {
      const key = resolve(catalog, name);
      const index = catalog.relations.get(key);
      if (index?.kind !== 'index') return [{ relation: key, shown: `the table of ${key}, which is not known here,` }];
      const { table } = index;
      const relation = qualifiedName(table);
      const stood = effects.relations.some((effect) => effect.relation === relation && effect.preexisting);
      return !stood || (table.kind === 'table' && table.partitionBy !== null) ? [] : [{ relation, shown: relation }];
    });
    if (tables.length === 0) return null;
    return {
      relations: [...new Set(tables.map(({ relation }) => relation))],
      message: `DROP INDEX ${list(action.names.map(({ name }) => name))} locks ${list([...new Set(tables.map(({ shown }) => shown))])} against reads and writes`,
      why: 'The lock is short, but it is queued for behind the longest running query, and all later queries wait behind it.',
      instead: `In a file of its own: ${action.names.map((name) => `DROP INDEX CONCURRENTLY ${sqlName(name)};`).join(' ')}`,
    };
  },
});
