import { canReference, defineRule, keyColumns, spelledType } from '../src/lint/kit.ts';

export default defineRule({
  name: 'foreign-key-types-differ',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A foreign key whose column has a type that PostgreSQL cannot compare with the one it refers to: text and uuid, text and bigint.',
    why: 'The statement fails.',
    instead: 'Give the column the type of the one that it refers to.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id uuid PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id text REFERENCES users);',
        fails: '42804',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id uuid PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id uuid REFERENCES users);',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const found = keyColumns(action, catalog).find(
      ({ type, referencedType }) => canReference(type, referencedType) === false,
    );
    if (found === undefined) return null;
    const { table, column, type, referenced, referencedColumn, referencedType } = found;
    return {
      relations: [...new Set([table, referenced])],
      message: `${table}.${column} is ${spelledType(type)} and cannot refer to ${referenced}.${referencedColumn}, which is ${spelledType(referencedType)}`,
      why: 'PostgreSQL has no operator that compares the two, and refuses the foreign key.',
      instead: `Make ${column} ${spelledType(referencedType)}.`,
    };
  },
});
