import { defineRule, defaultPartition, partitionedTable, qualifiedName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'detach-beside-default-partition',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'DETACH PARTITION … CONCURRENTLY where the table has a default partition.',
    why: 'PostgreSQL refuses it: rows of the detached partition would belong into the default one meanwhile.',
    instead: 'Detach the default partition first, or detach without CONCURRENTLY and with a short lock_timeout.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION',
  },
  examples: {
    bad: [
      {
        before:
          'CREATE TABLE readings (at date) PARTITION BY RANGE (at);\nCREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (MINVALUE) TO (MAXVALUE);\nCREATE TABLE readings_default PARTITION OF readings DEFAULT;',
        sql: 'ALTER TABLE readings DETACH PARTITION readings_1 CONCURRENTLY;',
        since: 14,
        fails: '55000',
      },
    ],
    good: [
      {
        before:
          'CREATE TABLE readings (at date) PARTITION BY RANGE (at);\nCREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (MINVALUE) TO (MAXVALUE);',
        sql: 'ALTER TABLE readings DETACH PARTITION readings_1 CONCURRENTLY;',
        since: 14,
      },
    ],
  },
  on: ['alter-table'],
  check: ({ action, catalog }) => {
    if (!action.commands.some((command) => command.kind === 'detach-partition' && command.mode === 'concurrently'))
      return null;
    const table = partitionedTable(catalog, action.name);
    const other = table === null ? null : defaultPartition(table);
    if (table === null || other === null) return null;
    return {
      relations: [qualifiedName(table), qualifiedName(other)],
      message: `DETACH PARTITION … CONCURRENTLY fails: ${qualifiedName(table)} has a default partition, ${qualifiedName(other)}`,
      why: 'PostgreSQL detaches concurrently only where there is none.',
      instead: `Detach ${qualifiedName(other)} first, or detach without CONCURRENTLY and with a short lock_timeout.`,
    };
  },
});
