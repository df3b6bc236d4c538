import { addedConstraints, defineRule, list, notImmutable, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'check-not-immutable',
  category: 'correctness',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP087'] },
  docs: {
    what: 'A CHECK that calls a function that is not IMMUTABLE: now(), random().',
    why: 'It is checked when a row is written, and never again: rows that were right become wrong, and a dump of them cannot be restored.',
    instead: 'Compare with another column, or check it in a trigger.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE offers (id bigint PRIMARY KEY, valid_until timestamptz CHECK (valid_until > now()));' }],
    good: [
      {
        sql: 'CREATE TABLE offers (id bigint PRIMARY KEY, valid_from timestamptz, valid_until timestamptz, CHECK (valid_until > valid_from));',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const calls = addedConstraints(action).flatMap((constraint) =>
      constraint.kind === 'check' ? notImmutable(constraint.expression, catalog) : [],
    );
    if (calls.length === 0) return null;
    const table = resolve(catalog, action.name);
    return {
      relations: [table],
      message: `a CHECK of ${table} calls ${list([...new Set(calls)])}, whose result changes after the row is written`,
      why: 'Rows that were right become wrong unseen, and a dump of them cannot be restored.',
      instead: 'Compare with another column, or check it in a trigger.',
    };
  },
});
