import { defineRule, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'unnamed-constraint',
  category: 'style',
  severity: 'off',
  aliases: { MigrationPilot: ['MP042'] },
  docs: {
    what: 'ALTER TABLE … ADD of a constraint without a name, or CREATE INDEX without one.',
    why: 'PostgreSQL makes one up, and appends a number where it is taken: the migration that drops it later may name another one on another server.',
    instead: 'Name it.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT',
  },
  examples: {
    bad: [
      { sql: 'CREATE TABLE orders (total numeric);\nALTER TABLE orders ADD CHECK (total > 0);' },
      { sql: 'CREATE TABLE orders (total numeric);\nCREATE INDEX ON orders (total);' },
    ],
    good: [
      {
        sql: 'CREATE TABLE orders (total numeric);\nALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);',
      },
    ],
  },
  on: ['alter-table', 'create-index'],
  check: ({ action, catalog }) => {
    const isIndex = action.kind === 'create-index';
    const isNamed = isIndex
      ? action.name !== null
      : action.commands.every(
          (command) =>
            command.kind !== 'add-constraint' ||
            command.constraint.name !== null ||
            command.constraint.kind === 'not-null',
        );
    if (isNamed) return null;
    const table = resolve(catalog, isIndex ? action.table : action.name);
    return {
      relations: [table],
      message: `the new ${isIndex ? 'index' : 'constraint'} of ${table} has no name`,
      why: 'PostgreSQL makes one up, which need not be the same on every server.',
      instead: 'Name it.',
    };
  },
});
