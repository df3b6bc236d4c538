import { defineRule, keyColumns, spelledType, type TypeName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'foreign-key-too-narrow',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A foreign key of a smaller integer type than the key it refers to.',
    why: 'Keys that are too large for it cannot be referred to: inserts fail from the day on that the sequence passes 2,147,483,647, and the change to bigint then rewrites the table.',
    instead: 'Give the column the type of the one that it refers to.',
    source: 'https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer REFERENCES users);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);',
      },
      {
        before: 'CREATE TABLE countries (id integer PRIMARY KEY);',
        sql: 'CREATE TABLE cities (id bigint PRIMARY KEY, country_id bigint REFERENCES countries);',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const found = keyColumns(action, catalog).find(({ type, referencedType }) => {
      const [size, wanted] = [bytes(type), bytes(referencedType)];
      return size !== null && wanted !== null && size < wanted;
    });
    if (found === undefined) return null;
    const { table, column, type, referenced, referencedColumn, referencedType } = found;
    return {
      relations: [...new Set([table, referenced])],
      message: `${table}.${column} is ${spelledType(type)}, too small for some keys of ${referenced}, whose ${referencedColumn} is ${spelledType(referencedType)}`,
      why: 'Inserts fail from the first key on that does not fit, and the change of the type then rewrites the table.',
      instead: `Make ${column} ${spelledType(referencedType)}.`,
    };
  },
});

const BYTES = new Map([
  ['int2', 2],
  ['smallserial', 2],
  ['int4', 4],
  ['serial', 4],
  ['int8', 8],
  ['bigserial', 8],
]);

function bytes(type: TypeName): number | null {
  return type.schema === null && !type.array ? (BYTES.get(type.name) ?? null) : null;
}
