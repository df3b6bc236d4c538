import { commandsOn, defineRule, isNewColumn, list, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'default-changed',
  category: 'compatibility',
  severity: 'off',
  aliases: { strong_migrations: ['change_column_default'] },
  docs: {
    what: 'SET DEFAULT or DROP DEFAULT on a column of a table that already exists.',
    why: 'INSERTs of running code that leave the column out now write another value. Some ORMs write the default that they knew when they started.',
    instead: 'Release code that gives the value itself, then change the default.',
    source: 'https://www.postgresql.org/docs/current/ddl-default.html',
  },
  examples: {
    bad: [
      {
        before: "CREATE TABLE users (id bigint PRIMARY KEY, plan text DEFAULT 'free');",
        sql: "ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'trial';",
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: "ALTER TABLE users ADD COLUMN plan text;\nALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';",
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action } = context;
    const found = commandsOn(context, 'set-default') ?? commandsOn(context, 'drop-default');
    const columns = found?.commands.flatMap(({ column }) =>
      isNewColumn(context, action.name, column) ? [] : [quoteIdent(column)],
    );
    if (found === null || columns === undefined || columns.length === 0) return null;
    return {
      relations: [found.effect.relation],
      message: `running code that leaves ${list(columns)} of ${found.effect.relation} out of an INSERT writes another value from now on`,
      why: 'Code and schema are never released at the same moment: the code of yesterday counts on the default of yesterday.',
      instead: 'First release code that gives the value itself.',
    };
  },
});
