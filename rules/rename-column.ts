import { defineRule, isNewColumn, quoteIdent, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'rename-column',
  category: 'compatibility',
  severity: 'error',
  aliases: {
    squawk: ['renaming-column'],
    strong_migrations: ['rename_column'],
    MigrationPilot: ['MP010', 'MP071'],
    pgfence: ['rename-column'],
    Atlas: ['BC102'],
  },
  docs: {
    what: 'RENAME COLUMN on a table that already exists.',
    why: 'The code that runs while the migration does, and until the next release, uses the old name: its queries fail.',
    instead:
      'Add a column with the new name, write to both, fill the old rows by a backfill, read the new one, then drop the old. Or keep the name in the database and change it in the code alone.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-RENAME',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE users (name text);', sql: 'ALTER TABLE users RENAME COLUMN name TO full_name;' }],
    good: [
      { sql: 'CREATE TABLE rates (day date);\nALTER TABLE rates RENAME COLUMN day TO valid_on;' },
      {
        before: 'CREATE TABLE users (name text);',
        sql: 'ALTER TABLE users ADD COLUMN fullname text;\nALTER TABLE users RENAME COLUMN fullname TO full_name;',
      },
    ],
  },
  on: ['rename'],
  check: (context) => {
    const { action } = context;
    const effect = standing(context, action.relation);
    if (action.what !== 'column' || effect === null || isNewColumn(context, action.relation, action.from)) return null;
    return {
      relations: [effect.relation],
      message: `running code still calls the column ${quoteIdent(action.from)} of ${effect.relation}, and fails when it becomes ${quoteIdent(action.to)}`,
      why: 'Code and schema are never released at the same moment: every query with the old name is an error until the next release.',
      instead: `ALTER TABLE ${sqlName(action.relation)} ADD COLUMN ${quoteIdent(action.to)} …; write to both, fill it by a backfill, read the new one, then drop ${quoteIdent(action.from)}.`,
    };
  },
});
