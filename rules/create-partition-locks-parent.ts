import { blocked, defineRule, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'create-partition-locks-parent',
  category: 'locking',
  severity: 'warning',
  docs: {
    what: 'CREATE TABLE … PARTITION OF a table that already exists.',
    why: 'It takes AccessExclusiveLock on the partitioned table: every query of any partition waits, first for the lock, then behind it.',
    instead:
      'Create the table on its own (LIKE parent INCLUDING ALL), then ALTER TABLE … ATTACH PARTITION, which lets reads and writes go on.',
    source: 'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE visits (day date) PARTITION BY RANGE (day);',
        sql: "CREATE TABLE visits_2030 PARTITION OF visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
      },
    ],
    good: [
      {
        before: 'CREATE TABLE visits (day date) PARTITION BY RANGE (day);',
        sql: "CREATE TABLE visits_2030 (LIKE visits INCLUDING ALL);\nALTER TABLE visits ATTACH PARTITION visits_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
      },
      {
        sql: "CREATE TABLE prices (region text) PARTITION BY LIST (region);\nCREATE TABLE prices_eu PARTITION OF prices FOR VALUES IN ('eu');",
      },
    ],
  },
  on: ['create-table'],
  check: (context) => {
    const { action, effects, text } = context;
    const parent = action.partitionOf === null ? null : standing(context, action.partitionOf.parent);
    // Where the default partition is read meanwhile, that is another rule's hazard, and the greater one.
    if (action.partitionOf === null || parent === null || blocked(effects).length > 0) return null;
    const bounds = /\bFOR\s+VALUES\s+(?:FROM|IN|WITH)\s*\([^()]*\)(?:\s*TO\s*\([^()]*\))?/i.exec(text)?.[0] ?? '…';
    const [name, of] = [sqlName(action.name), sqlName(action.partitionOf.parent)];
    return {
      relations: [parent.relation],
      message: `a new partition locks ${parent.relation} against reads and writes`,
      why: 'The lock is short, but it is queued for behind the longest running query of any partition, and all later queries wait behind it.',
      instead: `CREATE TABLE ${name} (LIKE ${of} INCLUDING ALL); ALTER TABLE ${of} ATTACH PARTITION ${name} ${action.partitionOf.bound.kind === 'default' ? 'DEFAULT' : bounds};`,
    };
  },
});
