import {
  baseType,
  castContext,
  defineRule,
  findTable,
  qualifiedName,
  quoteIdent,
  spelledType,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'type-change-needs-using',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'ALTER COLUMN … TYPE without USING, between types that PostgreSQL does not convert by itself: text to integer, integer to boolean.',
    why: 'The statement fails, whatever the rows hold.',
    instead:
      'For a small table, say how to convert: USING column::type. Else add a column of the new type, fill it by a backfill, and swap them.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DATA-TYPE',
  },
  examples: {
    bad: [
      {
        sql: 'CREATE TABLE orders (total text);\nALTER TABLE orders ALTER COLUMN total TYPE integer;',
        fails: '42804',
      },
    ],
    good: [
      {
        sql: 'CREATE TABLE orders (total text);\nALTER TABLE orders ALTER COLUMN total TYPE integer USING total::integer;',
      },
      { sql: 'CREATE TABLE orders (total integer);\nALTER TABLE orders ALTER COLUMN total TYPE text;' },
    ],
  },
  on: ['alter-table'],
  check: ({ action, catalog }) => {
    const table = findTable(catalog, action.name);
    for (const command of action.commands) {
      if (command.kind !== 'set-type' || command.using !== null) continue;
      const from = table?.columns.get(command.column)?.type;
      if (table === null || from === undefined) continue;
      if (castContext(baseType(catalog, from), baseType(catalog, command.type)) !== 'none') continue;
      const to = spelledType(command.type);
      return {
        relations: [qualifiedName(table)],
        message: `${qualifiedName(table)}.${command.column} cannot become ${to} without USING: it is ${spelledType(from)}`,
        why: 'PostgreSQL does not convert the one to the other by itself, and refuses the statement.',
        instead: `Say how: USING ${quoteIdent(command.column)}::${to}; on a large table, fill a new column by a backfill instead.`,
      };
    }
    return null;
  },
});
