import { blocked, commandsOn, defineRule, isNewColumn, list, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'type-change-breaks-plans',
  category: 'compatibility',
  severity: 'off',
  aliases: { squawk: ['changing-column-type'] },
  docs: {
    what: 'ALTER COLUMN … TYPE on a table that already exists, also where it rewrites nothing.',
    why: 'Open sessions with prepared statements that return the column get “cached plan must not change result type”, once each; inside a transaction, that fails as a whole.',
    instead:
      'Let the application prepare anew on that error, or have its connections opened anew right after the migration.',
    source: 'https://www.postgresql.org/docs/current/sql-prepare.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (name varchar(50));',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE text;',
      },
    ],
    good: [{ sql: 'CREATE TABLE rates (note varchar(50));\nALTER TABLE rates ALTER COLUMN note TYPE text;' }],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, effects } = context;
    const found = commandsOn(context, 'set-type');
    const columns = found?.commands.flatMap(({ column }) =>
      isNewColumn(context, action.name, column) ? [] : [quoteIdent(column)],
    );
    // What holds up the table is the greater hazard, and is not done under traffic at all.
    if (found === null || columns === undefined || columns.length === 0 || blocked(effects).length > 0) return null;
    return {
      relations: [found.effect.relation],
      message: `open sessions that prepared a query of ${list(columns)} of ${found.effect.relation} get an error`,
      why: 'A prepared statement may not change the type of its result: “cached plan must not change result type”.',
      instead: 'Open the connections of the application anew right after the migration, or DISCARD PLANS in each.',
    };
  },
});
