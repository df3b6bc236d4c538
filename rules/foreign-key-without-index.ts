import {
  addedConstraints,
  afterwards,
  type ConstraintDef,
  defineRule,
  findTable,
  list,
  resolve,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'foreign-key-without-index',
  category: 'policy',
  severity: 'off',
  aliases: { eugene: ['E15'], MigrationPilot: ['MP016'] },
  docs: {
    what: 'A foreign key whose columns no index of the table begins with, in the file or before it.',
    why: 'Each DELETE of a row that is referred to, and each change of its key, reads the whole table that refers to it.',
    instead: 'Build an index on the columns, concurrently where the table exists, before the key is added.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);\nCREATE INDEX orders_user ON orders (user_id);',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE roles (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE user_roles (user_id bigint REFERENCES users, role_id bigint, PRIMARY KEY (user_id, role_id));',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, catalog, file }) => {
    const constraints = addedConstraints(action);
    const keys = constraints.flatMap((constraint) => (constraint.kind === 'foreign-key' ? [constraint.columns] : []));
    if (keys.length === 0) return null;
    const known = action.kind === 'create-table' ? null : findTable(catalog, action.name);
    const later = afterwards(file, action.name).flatMap((other) => {
      if (other.kind === 'create-index') return [other.columns];
      return other.kind === 'alter-table' ? addedConstraints(other).flatMap(uniqueColumns) : [];
    });
    const indexes = [
      ...constraints.flatMap(uniqueColumns),
      ...[...(known?.indexes ?? [])].map(({ columns }) => columns),
      ...later,
    ];
    // The order of the columns does not matter, as long as they come first.
    const bare = keys.filter(
      (columns) => !indexes.some((index) => columns.every((column) => index.slice(0, columns.length).includes(column))),
    );
    if (bare.length === 0) return null;
    const table = resolve(catalog, action.name);
    return {
      relations: [table],
      message: `no index of ${table} begins with ${list(bare.map((columns) => columns.join(', ')))}, which ${bare.length === 1 ? 'is a foreign key' : 'are foreign keys'}`,
      why: 'Each DELETE of a row that is referred to reads the whole table.',
      instead: `Build an index on ${bare.map((columns) => `(${columns.join(', ')})`).join(' and ')}.`,
    };
  },
});

function uniqueColumns(constraint: ConstraintDef): (readonly string[])[] {
  return constraint.kind === 'primary-key' || constraint.kind === 'unique' ? [constraint.columns] : [];
}
