import { blocked, defineRule, list, reason, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'add-column-rewrite',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['adding-field-with-default', 'adding-serial-primary-key-field'],
    strong_migrations: [
      'add_column_auto_incrementing',
      'add_column_default',
      'add_column_default_callable',
      'add_column_generated_stored',
    ],
    eugene: ['E10', 'E11'],
    MigrationPilot: ['MP003', 'MP015', 'MP062'],
    pgfence: [
      'add-column-default-pre-pg11',
      'add-column-non-constant-default',
      'add-column-serial',
      'add-column-stored-generated',
    ],
    Atlas: ['PG302', 'PG307'],
  },
  docs: {
    what: 'ADD COLUMN that writes the whole table anew: a volatile default, serial, an identity, a stored generated column, a domain with constraints.',
    why: 'The value differs from row to row, so every row and every index is written again under AccessExclusiveLock. Nothing can read or write the table meanwhile.',
    instead:
      'Add the column without it, set the default for new rows, fill the old rows by a backfill. A constant or now() as default costs nothing.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN seen timestamptz NOT NULL DEFAULT clock_timestamp();',
      },
      { before: 'CREATE TABLE users (id bigint PRIMARY KEY);', sql: 'ALTER TABLE users ADD COLUMN number bigserial;' },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED;',
      },
      {
        before: "CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');",
        sql: 'ALTER TABLE users ADD COLUMN contact email;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN created timestamptz NOT NULL DEFAULT now();',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN token uuid;\nALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();',
      },
    ],
  },
  on: ['alter-table'],
  check: ({ action, effects }) => {
    const found = blocked(effects, ({ by, rewrite }) => by === 'add-column' && rewrite);
    const [first] = found;
    if (first === undefined) return null;
    const columns = action.commands.flatMap((command) => (command.kind === 'add-column' ? [command.column.name] : []));
    return {
      relations: relationsOf(found),
      message: `ADD COLUMN ${list(columns)} writes all of ${first.effect.relation} anew while nobody can read or write it`,
      why: reason(first),
      instead:
        'Add the column without a value, set the default for new rows in a second statement, and fill the old rows by a backfill.',
    };
  },
});
