import { defineRule, quoteIdent, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'rename-index-as-table',
  category: 'locking',
  severity: 'warning',
  docs: {
    what: 'ALTER TABLE … RENAME on an index.',
    why: 'It takes AccessExclusiveLock on the index, which stops nearly every query of the table at planning; ALTER INDEX does the same under a lock that lets reads and writes go on.',
    instead: 'ALTER INDEX … RENAME TO …',
    source: 'https://www.postgresql.org/docs/current/sql-alterindex.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE INDEX orders_total ON orders (total);',
        sql: 'ALTER TABLE orders_total RENAME TO orders_total_idx;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE INDEX orders_total ON orders (total);',
        sql: 'ALTER INDEX orders_total RENAME TO orders_total_idx;',
      },
    ],
  },
  on: ['rename'],
  check: (context) => {
    const { action, catalog } = context;
    const effect = standing(context, action.relation);
    const index = effect === null ? undefined : catalog.relations.get(effect.relation);
    if (action.what !== 'table' || effect === null || index?.kind !== 'index') return null;
    return {
      relations: [effect.relation],
      message: `ALTER TABLE … RENAME locks the index ${effect.relation} against everything`,
      why: 'A query is planned with a look at every index of its tables, so most queries wait.',
      instead: `ALTER INDEX ${sqlName(action.relation)} RENAME TO ${quoteIdent(action.to)};`,
    };
  },
});
