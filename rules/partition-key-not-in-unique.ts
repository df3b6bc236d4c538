import {
  type Action,
  type ActionOf,
  type Catalog,
  type ConstraintDef,
  creationSchema,
  defineRule,
  list,
  partitionedTable,
  qualifiedName,
} from '../src/lint/kit.ts';

type Columns = readonly (string | null)[];

export default defineRule({
  name: 'partition-key-not-in-unique',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP049'] },
  docs: {
    what: 'A PRIMARY KEY, UNIQUE constraint or unique index of a partitioned table that leaves out a column it is partitioned by.',
    why: 'PostgreSQL refuses it: it can see to uniqueness within a partition only.',
    instead: 'Take the columns of the partition key into the constraint.',
    source: 'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS',
  },
  examples: {
    bad: [
      { sql: 'CREATE TABLE parts (id bigint PRIMARY KEY, day date) PARTITION BY LIST (day);', fails: '0A000' },
      {
        before: 'CREATE TABLE parts (id bigint, day date) PARTITION BY LIST (day);',
        sql: 'CREATE UNIQUE INDEX parts_id ON ONLY parts (id);',
        fails: '0A000',
      },
      {
        before: 'CREATE TABLE parts (id bigint, day date) PARTITION BY LIST (day);',
        sql: 'ALTER TABLE parts ADD UNIQUE (id);',
        fails: '0A000',
      },
    ],
    good: [
      { sql: 'CREATE TABLE parts (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY LIST (day);' },
      {
        sql: 'CREATE TABLE parts (id bigint, day date) PARTITION BY LIST (day);\nCREATE INDEX parts_id ON parts (id);',
      },
    ],
  },
  on: ['create-table', 'alter-table', 'create-index'],
  check: ({ action, catalog }) => {
    const { relation, key } = partitionKey(action, catalog);
    if (key.length === 0) return null;
    const missing = uniques(action).map((columns) =>
      key.flatMap((column) => (column === null || columns.includes(column) ? [] : [column])),
    );
    const first = missing.find((columns) => columns.length > 0);
    if (first === undefined) return null;
    return {
      relations: [relation],
      message: `a unique constraint on ${relation} fails: it leaves out ${list(first)}, by which the table is partitioned`,
      why: 'PostgreSQL can see to uniqueness within a partition only.',
      instead: `Take ${list(first)} into it.`,
    };
  },
});

function partitionKey(
  action: ActionOf<'create-table' | 'alter-table' | 'create-index'>,
  catalog: Catalog,
): { relation: string; key: Columns } {
  if (action.kind === 'create-table') {
    const relation = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return { relation, key: action.partitionBy?.columns ?? [] };
  }
  const table = partitionedTable(catalog, action.kind === 'create-index' ? action.table : action.name);
  return { relation: table === null ? '' : qualifiedName(table), key: table?.partitionBy?.columns ?? [] };
}

function uniques(action: Action): Columns[] {
  switch (action.kind) {
    case 'create-table':
      return [...action.constraints, ...action.columns.flatMap((column) => column.constraints)].flatMap(uniqueColumns);
    case 'alter-table':
      return action.commands.flatMap((command) =>
        command.kind === 'add-constraint' ? uniqueColumns(command.constraint) : [],
      );
    case 'create-index':
      return action.unique && !action.columns.includes(null) ? [action.columns] : [];
    default:
      return [];
  }
}

function uniqueColumns(constraint: ConstraintDef): Columns[] {
  return (constraint.kind === 'primary-key' || constraint.kind === 'unique') && constraint.usingIndex === null
    ? [constraint.columns]
    : [];
}
