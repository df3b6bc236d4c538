import { addedColumns, commandsOn, defineRule, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'required-column-loses-default',
  category: 'compatibility',
  severity: 'error',
  docs: {
    what: 'A column that is added NOT NULL with a default, and loses the default in the same file.',
    why: 'Running code does not know the column yet: without the default, all of its INSERTs fail.',
    instead: 'Keep the default until all code that runs gives the column a value, and drop it in a later file.',
    source: 'https://www.postgresql.org/docs/current/ddl-default.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: "ALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';\nALTER TABLE users ALTER COLUMN plan DROP DEFAULT;",
      },
    ],
    good: [
      {
        before: "CREATE TABLE users (id bigint PRIMARY KEY, plan text NOT NULL DEFAULT 'free');",
        sql: 'ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: "ALTER TABLE users ADD COLUMN plan text DEFAULT 'free';\nALTER TABLE users ALTER COLUMN plan DROP DEFAULT;",
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, file } = context;
    const found = commandsOn(context, 'drop-default');
    if (found === null) return null;
    const added = addedColumns(file, action.name);
    const lost = found.commands.find(({ column }) => added.some(({ name, notNull }) => notNull && name === column));
    if (lost === undefined) return null;
    return {
      relations: [found.effect.relation],
      message: `running code cannot INSERT into ${found.effect.relation} any more: it gives ${quoteIdent(lost.column)} no value, and the default is gone`,
      why: 'Code and schema are never released at the same moment: the code of yesterday does not know the column.',
      instead: 'Drop the default in a later file, when all code that runs gives the column a value.',
    };
  },
});
