import { commandsOn, defineRule, findTable, isNewColumn, list, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-not-null',
  category: 'compatibility',
  severity: 'warning',
  aliases: { squawk: ['ban-drop-not-null'], MigrationPilot: ['MP029'] },
  docs: {
    what: 'DROP NOT NULL on a table that already exists.',
    why: 'Running code was written for a column that always has a value: it fails, or shows nonsense, at the first NULL that is read.',
    instead:
      'First release code that can read a NULL everywhere; then drop the constraint, and say so in a suppression.',
    source: 'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);',
        sql: 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: 'ALTER TABLE users ALTER COLUMN email DROP NOT NULL;',
      },
      { sql: 'CREATE TABLE rates (day date NOT NULL);\nALTER TABLE rates ALTER COLUMN day DROP NOT NULL;' },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, catalog } = context;
    const found = commandsOn(context, 'drop-not-null');
    if (found === null) return null;
    const table = findTable(catalog, action.name);
    const columns = found.commands
      .map(({ column }) => column)
      // Where the column was never NOT NULL, nothing changes.
      .filter((name) => table?.columns.get(name)?.notNull !== false && !isNewColumn(context, action.name, name));
    if (columns.length === 0) return null;
    return {
      relations: [found.effect.relation],
      message: `${list(columns.map(quoteIdent))} of ${found.effect.relation} may be NULL from now on, which running code does not expect`,
      why: 'Code and schema are never released at the same moment: the code of yesterday reads the NULLs of today.',
      instead: 'First release code that can read a NULL there; then suppress this finding with that as the reason.',
    };
  },
});
