import { defineColumnRule, isSerial } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'int-primary-key',
  category: 'policy',
  severity: 'off',
  aliases: {
    squawk: ['prefer-bigint-over-int', 'prefer-bigint-over-smallint'],
    MigrationPilot: ['MP038', 'MP068'],
    pgfence: ['prefer-bigint-over-int'],
  },
  docs: {
    what: 'A primary key of 32 or 16 bits that numbers its rows by itself.',
    why: 'It ends at 2,147,483,647, and inserts fail. The way to bigint rewrites the table, its indexes and every table that refers to it.',
    instead: 'Use bigint: the four bytes more are often taken by padding anyway.',
    source: 'https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT',
  },
  examples: {
    bad: [
      { sql: 'CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);' },
      { sql: 'CREATE TABLE orders (id serial PRIMARY KEY);' },
    ],
    good: [
      { sql: 'CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);' },
      { sql: 'CREATE TABLE months (number integer PRIMARY KEY);' },
    ],
  },
  concerns: ({ name, type, identity, constraints }, { primaryKey }) =>
    ((identity !== null && /^int[24]$/.test(type.name)) ||
      (isSerial(type) && !type.name.startsWith('big') && type.name !== 'serial8')) &&
    (primaryKey.includes(name) || constraints.some(({ kind }) => kind === 'primary-key')),
});
