import { blocked, defineRule, reason, relationsOf, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'table-rewrite',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['prefer-repack'],
    eugene: ['E10'],
    MigrationPilot: ['MP006', 'MP032', 'MP033', 'MP047', 'MP095'],
    pgfence: ['vacuum-full'],
  },
  docs: {
    what: 'VACUUM FULL, CLUSTER, REFRESH MATERIALIZED VIEW, SET LOGGED or UNLOGGED, SET TABLESPACE, SET ACCESS METHOD: the whole table is written anew.',
    why: 'Nothing can read or write the table until the last row and the last index are written.',
    instead:
      'For space, plain VACUUM or pg_repack; for a materialized view, REFRESH … CONCURRENTLY; else a new table that is filled by a backfill and swapped in.',
    source: 'https://www.postgresql.org/docs/current/sql-vacuum.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE orders (id bigint);', sql: 'VACUUM FULL orders;' },
      { before: 'CREATE TABLE orders (id bigint PRIMARY KEY);', sql: 'CLUSTER orders USING orders_pkey;' },
      { before: 'CREATE TABLE orders (id bigint);', sql: 'ALTER TABLE orders SET UNLOGGED;' },
      {
        before:
          'CREATE TABLE orders (id bigint);\nCREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders;',
        sql: 'REFRESH MATERIALIZED VIEW totals;',
      },
    ],
    good: [
      { before: 'CREATE TABLE orders (id bigint);', sql: 'VACUUM orders;' },
      { before: 'CREATE TABLE orders (id bigint);', sql: 'ALTER TABLE orders SET (fillfactor = 90);' },
    ],
  },
  on: ['vacuum', 'cluster', 'refresh-materialized-view', 'alter-table'],
  check: ({ action, effects }) => {
    const found = blocked(effects, ({ by, rewrite }) => rewrite && by !== 'add-column' && by !== 'set-type');
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `${first.effect.relation} is written anew while nobody can read or write it`,
      why: reason(first),
      instead:
        action.kind === 'refresh-materialized-view'
          ? 'REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index and lets reads go on.'
          : action.kind === 'alter-table'
            ? action.relationKind === 'index'
              ? `REINDEX (TABLESPACE …) INDEX CONCURRENTLY ${sqlName(action.name)}; in a file of its own.`
              : 'Make a new table as you want it, fill it by a backfill, and swap the names.'
            : 'Plain VACUUM makes the space usable again beside the traffic; pg_repack gives it back to the disk.',
    };
  },
});
