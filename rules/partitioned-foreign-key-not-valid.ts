import { defineRule, partitionedTable, qualifiedName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'partitioned-foreign-key-not-valid',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'ADD FOREIGN KEY … NOT VALID on a partitioned table, before PostgreSQL 18.',
    why: 'The server refuses it.',
    instead:
      'Add the key NOT VALID to each partition and validate it there; then add it to the partitioned table, which takes over the ones that its partitions have.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT',
  },
  examples: {
    bad: [
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint) PARTITION BY HASH (user_id);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;',
        until: 17,
        fails: '42809',
      },
    ],
    good: [
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint) PARTITION BY HASH (user_id);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users NOT VALID;',
        since: 18,
      },
    ],
  },
  on: ['alter-table'],
  check: ({ action, catalog, version }) => {
    const table = partitionedTable(catalog, action.name);
    if (version >= 18 || table === null) return null;
    const isRefused = action.commands.some(
      (command) =>
        command.kind === 'add-constraint' && command.constraint.kind === 'foreign-key' && !command.constraint.validated,
    );
    if (!isRefused) return null;
    return {
      relations: [qualifiedName(table)],
      message: `a foreign key NOT VALID on ${qualifiedName(table)} fails: it is partitioned, and the server is PostgreSQL ${version}`,
      why: 'Before PostgreSQL 18 a partitioned table can have no foreign key that is not validated.',
      instead: 'Add it NOT VALID to each partition, validate it there, then add it to the partitioned table.',
    };
  },
});
