import { commandsOn, defineRule, findTable, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'detach-partition-locks-parent',
  category: 'locking',
  severity: 'warning',
  aliases: { squawk: ['require-concurrent-partition-detach'], MigrationPilot: ['MP046'] },
  docs: {
    what: 'DETACH PARTITION without CONCURRENTLY.',
    why: 'It takes AccessExclusiveLock on the partitioned table: every query of any partition waits, first for the lock, then behind it.',
    instead:
      'DETACH PARTITION … CONCURRENTLY (PostgreSQL 14 and later), in a file of its own. It is refused where there is a default partition.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION',
  },
  examples: {
    bad: [
      {
        before:
          "CREATE TABLE visits (day date) PARTITION BY RANGE (day);\nCREATE TABLE visits_2030 PARTITION OF visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
        sql: 'ALTER TABLE visits DETACH PARTITION visits_2030;',
        since: 14,
      },
    ],
    good: [
      {
        before:
          "CREATE TABLE visits (day date) PARTITION BY RANGE (day);\nCREATE TABLE visits_2030 PARTITION OF visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
        sql: 'ALTER TABLE visits DETACH PARTITION visits_2030 CONCURRENTLY;',
        since: 14,
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, effects, catalog, version, text } = context;
    const found = commandsOn(context, 'detach-partition');
    const [command] = found?.commands ?? [];
    if (found === null || command?.mode !== 'plain' || version < 14) return null;
    const children = [...(findTable(catalog, action.name)?.children ?? [])];
    const rest = children.find(({ bound }) => bound?.kind === 'default');
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: `DETACH PARTITION ${command.partition.name} locks ${list(effects.relations.map(({ relation }) => relation))} against reads and writes`,
      why: 'The lock is short, but it is queued for behind the longest running query of any partition, and all later queries wait behind it.',
      instead:
        rest === undefined
          ? `In a file of its own: ${text} CONCURRENTLY;`
          : `CONCURRENTLY is refused beside the default partition ${rest.name}: keep the statement alone in its transaction, so that the lock is short.`,
    };
  },
});
