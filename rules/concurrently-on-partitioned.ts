import {
  defineRule,
  findIndex,
  isPartitioned,
  partitionedTable,
  qualifiedName,
  sqlName,
  type Verdict,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'concurrently-on-partitioned',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP092'] },
  docs: {
    what: 'CREATE INDEX CONCURRENTLY on a partitioned table, or DROP INDEX CONCURRENTLY of its index.',
    why: 'PostgreSQL can do neither: the statement fails.',
    instead:
      'To build: CREATE INDEX … ON ONLY the partitioned table, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION for each. To drop: DROP INDEX with a short lock_timeout.',
    source: 'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE readings (at date, value int) PARTITION BY RANGE (at);',
        sql: 'CREATE INDEX CONCURRENTLY readings_value ON readings (value);',
        fails: '0A000',
      },
      {
        before:
          'CREATE TABLE readings (at date, value int) PARTITION BY RANGE (at);\nCREATE INDEX readings_value ON readings (value);',
        sql: 'DROP INDEX CONCURRENTLY readings_value;',
        fails: '0A000',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE readings (at date, value int) PARTITION BY RANGE (at);',
        sql: 'CREATE INDEX readings_value ON ONLY readings (value);',
      },
      {
        before:
          "CREATE TABLE readings (at date, value int) PARTITION BY RANGE (at);\nCREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
        sql: 'CREATE INDEX CONCURRENTLY readings_1_value ON readings_1 (value);',
      },
    ],
  },
  on: ['create-index', 'drop-relation'],
  check: ({ action, catalog }): Verdict | null => {
    if (!action.concurrently) return null;
    if (action.kind === 'create-index') {
      const table = partitionedTable(catalog, action.table);
      if (table === null) return null;
      const relation = qualifiedName(table);
      return {
        relations: [relation],
        message: `CREATE INDEX CONCURRENTLY fails: ${relation} is partitioned`,
        why: 'PostgreSQL builds no index of a partitioned table concurrently.',
        instead: `CREATE INDEX … ON ONLY ${sqlName(action.table)}; CREATE INDEX CONCURRENTLY on each partition; ALTER INDEX … ATTACH PARTITION for each.`,
      };
    }
    for (const name of action.relationKind === 'index' ? action.names : []) {
      const table = findIndex(catalog, name)?.table;
      if (table?.kind !== 'table' || !isPartitioned(table)) continue;
      return {
        relations: [qualifiedName(table)],
        message: `DROP INDEX CONCURRENTLY fails: ${name.name} is an index of ${qualifiedName(table)}, which is partitioned`,
        why: 'PostgreSQL drops no index of a partitioned table concurrently.',
        instead: `DROP INDEX ${sqlName(name)}, with a short lock_timeout: it locks the table and every partition.`,
      };
    }
    return null;
  },
});
