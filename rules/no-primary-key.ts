import { type ActionOf, afterwards, creationSchema, defineRule } from '../src/lint/kit.ts';

export default defineRule({
  name: 'no-primary-key',
  category: 'policy',
  severity: 'off',
  aliases: { MigrationPilot: ['MP045'] },
  docs: {
    what: 'A new table without a primary key.',
    why: 'Rows cannot be told apart: logical replication refuses UPDATE and DELETE, backfills have no key to go by, and duplicates stay.',
    instead: 'Give it a primary key.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE countries (code text, name text);' }],
    good: [
      { sql: 'CREATE TABLE countries (code text PRIMARY KEY, name text);' },
      { sql: 'CREATE TABLE countries (code text NOT NULL);\nALTER TABLE countries ADD PRIMARY KEY (code);' },
    ],
  },
  on: ['create-table'],
  check: ({ action, catalog, file }) => {
    const isExempt =
      action.persistence === 'temporary' ||
      action.foreign ||
      action.partitionOf !== null ||
      action.inherits.length + action.like.length > 0;
    if (isExempt || hasKey(action)) return null;
    const later = afterwards(file, action.name).flatMap((other) =>
      other.kind === 'alter-table' ? other.commands : [],
    );
    if (later.some((command) => command.kind === 'add-constraint' && command.constraint.kind === 'primary-key'))
      return null;
    const table = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return {
      relations: [table],
      message: `${table} has no primary key`,
      why: 'Logical replication refuses UPDATE and DELETE on it, and a backfill has no key to go by.',
      instead: 'Give it a primary key.',
    };
  },
});

function hasKey({ columns, constraints }: ActionOf<'create-table'>): boolean {
  return [...constraints, ...columns.flatMap((column) => column.constraints)].some(
    ({ kind }) => kind === 'primary-key',
  );
}
