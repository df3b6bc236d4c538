import { defineRule, isMadeLater, quoteIdent, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'rename-table',
  category: 'compatibility',
  severity: 'error',
  aliases: {
    squawk: ['renaming-table'],
    strong_migrations: ['rename_table'],
    MigrationPilot: ['MP028'],
    pgfence: ['rename-table'],
    Atlas: ['BC101'],
  },
  docs: {
    what: 'RENAME of a table or view that already exists.',
    why: 'The code that runs while the migration does, and until the next release, uses the old name: all of its queries fail.',
    instead:
      'Keep the name. Or rename and CREATE VIEW old AS SELECT * FROM new in the same transaction: a simple view takes reads and writes until all code uses the new name.',
    source: 'https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE users (id bigint);', sql: 'ALTER TABLE users RENAME TO people;' }],
    good: [
      {
        before: 'CREATE TABLE users (id bigint);',
        sql: 'ALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;',
      },
      { sql: 'CREATE TABLE rates (day date);\nALTER TABLE rates RENAME TO daily_rates;' },
    ],
  },
  on: ['rename'],
  check: (context) => {
    const { action, catalog, file } = context;
    const effect = standing(context, action.relation);
    if (effect === null || !NAMED_BY_CODE.has(action.what)) return null;
    const kind = catalog.relations.get(effect.relation)?.kind;
    // ALTER TABLE renames indexes and sequences too.
    if (kind === 'index' || kind === 'sequence') return null;
    if (isMadeLater(file, action.relation)) return null;
    return {
      relations: [effect.relation],
      message: `running code still calls it ${effect.relation}, and fails when it becomes ${quoteIdent(action.to)}`,
      why: 'Code and schema are never released at the same moment: every query with the old name is an error until the next release.',
      instead: `In the same transaction: CREATE VIEW ${sqlName(action.relation)} AS SELECT * FROM ${sqlName({ ...action.relation, name: action.to })}; and drop the view when all code uses the new name.`,
    };
  },
});

const NAMED_BY_CODE: ReadonlySet<string> = new Set(['table', 'view', 'materialized-view', 'foreign-table']);
