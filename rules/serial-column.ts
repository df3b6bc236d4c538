import { defineColumnRule, isSerial } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'serial-column',
  category: 'style',
  severity: 'off',
  aliases: { squawk: ['prefer-identity'], MigrationPilot: ['MP039'] },
  docs: {
    what: 'A column of type serial, bigserial or smallserial.',
    why: 'Its sequence is an object of its own: it needs its own GRANT, and anyone may write any number into the column.',
    instead: 'Use GENERATED ALWAYS AS IDENTITY.',
    source: 'https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-PARMS-GENERATED-IDENTITY',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigserial PRIMARY KEY);' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);' }],
  },
  concerns: ({ type }) => isSerial(type),
});
