import { blocked, defineRule, list, quoteIdent, reason, relationsOf, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'set-not-null-scan',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['adding-not-nullable-field'],
    strong_migrations: ['change_column_null', 'change_column_with_not_null'],
    eugene: ['E2'],
    MigrationPilot: ['MP002', 'MP018'],
    pgfence: ['alter-column-set-not-null'],
    Atlas: ['PG303'],
  },
  docs: {
    what: 'SET NOT NULL on a column for which no valid CHECK proves it.',
    why: 'Every row is read under AccessExclusiveLock. Nothing can read or write the table meanwhile.',
    instead:
      'ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT in a later file, then SET NOT NULL, which then needs no scan, then DROP CONSTRAINT in a statement of its own.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint, email text);',
        sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL;',
      },
      {
        before: 'CREATE TABLE users (email text, CONSTRAINT email_given CHECK (email IS NOT NULL));',
        sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL, DROP CONSTRAINT email_given;',
      },
      {
        before:
          'CREATE TABLE users (email text);\nALTER TABLE users ADD CONSTRAINT email_given CHECK (email IS NOT NULL) NOT VALID;',
        sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL;',
      },
    ],
    good: [
      {
        before:
          'CREATE TABLE users (email text);\nALTER TABLE users ADD CONSTRAINT email_given CHECK (email IS NOT NULL) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT email_given;',
        sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL;\nALTER TABLE users DROP CONSTRAINT email_given;',
      },
      { before: 'CREATE TABLE users (id bigint PRIMARY KEY);', sql: 'ALTER TABLE users ALTER COLUMN id SET NOT NULL;' },
    ],
  },
  on: ['alter-table'],
  check: ({ action, effects }) => {
    // Where the same statement writes the table anew, the check comes with it, and that is another rule's hazard.
    const found = blocked(effects, ({ by }, { rewrite }) => by === 'set-not-null' && !rewrite);
    const [first] = found;
    if (first === undefined) return null;
    const columns = action.commands.flatMap((command) => (command.kind === 'set-not-null' ? [command.column] : []));
    const table = sqlName(action.name);
    const [column, check] = [quoteIdent(columns[0] ?? ''), quoteIdent(`${columns[0] ?? ''}_given`)];
    return {
      relations: relationsOf(found),
      message: `SET NOT NULL on ${list(columns)} reads all of ${first.effect.relation} while nobody can read or write it`,
      why: reason(first),
      instead: `ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${column} IS NOT NULL) NOT VALID; in a later file ALTER TABLE ${table} VALIDATE CONSTRAINT ${check}; then SET NOT NULL needs no scan; then ALTER TABLE ${table} DROP CONSTRAINT ${check};`,
    };
  },
});
