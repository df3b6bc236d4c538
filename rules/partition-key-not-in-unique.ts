import { creationSchema, defineRule, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'partition-key-not-in-unique',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A PRIMARY KEY, UNIQUE constraint or unique index of a partitioned table that leaves out a column it is partitioned by.',
    why: 'PostgreSQL refuses it: it can see to uniqueness within a partition only.',
    instead: 'Take the columns of the partition key into the constraint.',
    source: 'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE parts (id bigint PRIMARY KEY, day date) PARTITION BY LIST (day);', fails: '0A000' }],
    good: [
      { sql: 'CREATE TABLE parts (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY LIST (day);' },
      {
        sql: 'CREATE TABLE parts (id bigint, day date) PARTITION BY LIST (day);\nCREATE INDEX parts_id ON parts (id);',
      },
    ],
  },
  on: ['create-table'],
  check: ({ action, catalog }) => {
    const key = action.partitionBy?.columns ?? [];
    const constraints = [...action.constraints, ...action.columns.flatMap((column) => column.constraints)];
    const missing = constraints.map((constraint) => {
      const isUnique = constraint.kind === 'primary-key' || constraint.kind === 'unique';
      return isUnique ? key.filter((column) => !constraint.columns.includes(column)) : [];
    });
    const first = missing.find((columns) => columns.length > 0);
    if (first === undefined) return null;
    const relation = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return {
      relations: [relation],
      message: `a unique constraint on ${relation} fails: it leaves out ${list(first)}, by which the table is partitioned`,
      why: 'PostgreSQL can see to uniqueness within a partition only.',
      instead: `Take ${list(first)} into it.`,
    };
  },
});
