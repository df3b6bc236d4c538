import { creationSchema, defineRule, findTable, list, qualifiedName, sameType, spelledType } from '../src/lint/kit.ts';

export default defineRule({
  name: 'if-not-exists-hides-difference',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'CREATE TABLE IF NOT EXISTS or ADD COLUMN IF NOT EXISTS where an earlier migration made it differently.',
    why: 'The statement does nothing and reports success; what it says the table looks like is not what it looks like.',
    instead: 'Alter what is there.',
    source: 'https://www.postgresql.org/docs/current/sql-createtable.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE countries (code text PRIMARY KEY);',
        sql: 'CREATE TABLE IF NOT EXISTS countries (code text PRIMARY KEY, name text);',
      },
      {
        before: 'CREATE TABLE countries (code text PRIMARY KEY, area numeric);',
        sql: 'ALTER TABLE countries ADD COLUMN IF NOT EXISTS area bigint;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE countries (code text PRIMARY KEY);',
        sql: 'CREATE TABLE IF NOT EXISTS countries (code text PRIMARY KEY);',
      },
      {
        before: 'CREATE TABLE countries (code text);',
        sql: 'ALTER TABLE countries ADD COLUMN IF NOT EXISTS name text;',
      },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const isNew = action.kind === 'create-table';
    const name = isNew ? { schema: creationSchema(catalog, action.name), name: action.name.name } : action.name;
    const table = findTable(catalog, name);
    // Of a table that the history does not make, some columns may be unknown.
    if (table === null || (isNew && (!action.ifNotExists || table.file === 0))) return null;
    const columns = isNew
      ? action.columns
      : action.commands.flatMap((command) =>
          command.kind === 'add-column' && command.ifNotExists ? [command.column] : [],
        );
    const differences = columns.flatMap((column) => {
      const known = table.columns.get(column.name);
      if (known === undefined) return isNew ? [`${column.name} is missing`] : [];
      return sameType(known.type, column.type)
        ? []
        : [`${column.name} is ${spelledType(known.type)}, not ${spelledType(column.type)}`];
    });
    if (differences.length === 0) return null;
    return {
      relations: [qualifiedName(table)],
      message: `${qualifiedName(table)} exists and is different (${list(differences)}), so IF NOT EXISTS does nothing`,
      why: 'The statement reports success, and the table is not what it says.',
      instead: 'Alter what is there.',
    };
  },
});
