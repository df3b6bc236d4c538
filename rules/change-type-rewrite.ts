import { blocked, defineRule, list, reason, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'change-type-rewrite',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['changing-column-type'],
    strong_migrations: ['change_column', 'change_column_constraint', 'change_column_with_not_null'],
    eugene: ['E5', 'E10'],
    MigrationPilot: ['MP007', 'MP089'],
    pgfence: ['alter-column-type'],
    Atlas: ['PG301'],
  },
  docs: {
    what: 'ALTER COLUMN … TYPE that cannot keep the rows, or the indexes, as they are.',
    why: 'Every row and every index is written again under AccessExclusiveLock. Nothing can read or write the table meanwhile.',
    instead:
      'Add a column of the new type, write to both, fill the old rows by a backfill, then switch over. A change that only widens (varchar(50) to text, say) is free.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id int, name varchar(50));',
        sql: 'ALTER TABLE users ALTER COLUMN id TYPE bigint;',
      },
      {
        before: 'CREATE TABLE users (id int, name varchar(50));',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE varchar(20);',
      },
      {
        before: 'CREATE TABLE users (id int, name text);',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE text USING lower(name);',
      },
      {
        before: 'CREATE TABLE users (id int, name text);\nCREATE INDEX ON users (name);',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE text COLLATE "C";',
      },
      {
        before: 'CREATE TABLE users (name varchar(50) CHECK (length(name) > 2));',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE text;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id int, name varchar(50));',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE varchar(100);',
      },
      {
        before: 'CREATE TABLE users (id int, name varchar(50));',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE text;',
      },
      {
        before: 'CREATE TABLE prices (amount numeric(10,2));',
        sql: 'ALTER TABLE prices ALTER COLUMN amount TYPE numeric(12,2);',
      },
      {
        before: 'CREATE TABLE visits (at timestamp);',
        sql: "SET timezone = 'UTC';\nALTER TABLE visits ALTER COLUMN at TYPE timestamptz;",
      },
    ],
  },
  on: ['alter-table'],
  check: ({ action, effects }) => {
    const found = blocked(effects, ({ by }) => by === 'set-type');
    const [first] = found;
    if (first === undefined) return null;
    const { effect, part } = first;
    const columns = action.commands.flatMap((command) => (command.kind === 'set-type' ? [command.column] : []));
    const work = part.rewrite
      ? `writes all of ${effect.relation} anew`
      : part.indexBuild
        ? `builds indexes of ${effect.relation} anew`
        : `reads all of ${effect.relation}`;
    return {
      relations: relationsOf(found),
      message: `changing the type of ${list(columns)} ${work} while nobody can read or write it`,
      why: reason(first),
      instead: 'Add a column of the new type, write to both, fill the old rows by a backfill, then switch over.',
    };
  },
});
