import { blocksReads, blocksWrites, defineRule, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'lock-table',
  category: 'locking',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP065'] },
  docs: {
    what: 'LOCK TABLE in a mode that keeps writes or reads out of a table that already exists.',
    why: 'The lock is held until the end of the transaction, whatever else that does, and is queued for behind the longest running query.',
    instead:
      'Leave it out: every statement takes the lock that it needs, and the runner takes them in a fixed order. To change rows safely, a backfill locks only the rows of a batch.',
    source: 'https://www.postgresql.org/docs/current/sql-lock.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE orders (id bigint);', sql: 'BEGIN;\nLOCK TABLE orders;\nCOMMIT;' },
      {
        before: 'CREATE TABLE orders (id bigint);',
        sql: 'BEGIN;\nLOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE;\nCOMMIT;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint);',
        sql: 'BEGIN;\nLOCK TABLE orders IN ACCESS SHARE MODE;\nCOMMIT;',
      },
    ],
  },
  on: ['lock-table'],
  check: ({ effects }) => {
    const locked = effects.relations.filter(({ preexisting, lock }) => preexisting && blocksWrites(lock));
    const [first] = locked;
    if (first === undefined) return null;
    const relations = locked.map(({ relation }) => relation);
    return {
      relations,
      message: `LOCK TABLE keeps ${blocksReads(first.lock) ? 'reads and writes' : 'writes'} out of ${list(relations)} until the transaction ends`,
      why: `${first.lock} stays for as long as the transaction lasts, and all later queries wait behind it.`,
      instead: 'Leave it out: every statement takes the lock that it needs.',
    };
  },
});
