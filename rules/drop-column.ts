import { commandsOn, defineRule, findTable, isNewColumn, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-column',
  category: 'data-loss',
  severity: 'warning',
  aliases: {
    squawk: ['ban-drop-column'],
    strong_migrations: ['remove_column'],
    MigrationPilot: ['MP017'],
    pgfence: ['drop-column'],
    Atlas: ['DS103'],
  },
  docs: {
    what: 'DROP COLUMN on a table that already exists.',
    why: 'The values are gone, running code that still names the column fails (an ORM names all that it knew when it started), and indexes and constraints over the column go silently. Where the column has a foreign key, the other table is locked as well.',
    instead:
      'Release code that no longer names the column, wait until all of it runs, then drop the column, and say so in a suppression.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);',
        sql: 'ALTER TABLE users DROP COLUMN email;',
      },
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint, user_id bigint REFERENCES users);',
        sql: 'ALTER TABLE orders DROP COLUMN user_id;',
      },
    ],
    good: [
      { sql: 'CREATE TABLE rates (day date, note text);\nALTER TABLE rates DROP COLUMN note;' },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN note text;\nALTER TABLE users DROP COLUMN note;',
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, effects, catalog } = context;
    const found = commandsOn(context, 'drop-column');
    if (found === null) return null;
    const columns = found.commands
      .map(({ column }) => column)
      .filter((name) => !isNewColumn(context, action.name, name));
    if (columns.length === 0) return null;
    const table = findTable(catalog, action.name);
    const over = (names: readonly (string | null)[]): boolean => names.some((name) => columns.includes(name ?? ''));
    const indexes = [...(table?.indexes ?? [])].filter((index) => over(index.columns) || over(index.computedFrom));
    const gone = [
      ...[...(table?.constraints.values() ?? [])].filter((constraint) => over(constraint.columns)),
      ...indexes,
    ].map(({ name }) => name);
    const others = effects.relations.filter(
      ({ relation, preexisting }) =>
        preexisting && relation !== found.effect.relation && catalog.relations.get(relation)?.kind === 'table',
    );
    const locked = others.map(({ relation }) => relation);
    return {
      relations: [found.effect.relation, ...locked],
      message: `DROP COLUMN removes ${list(columns)} of ${found.effect.relation} with all values${gone.length === 0 ? '' : `, and with it ${list([...new Set(gone)])}`}`,
      why: `Nothing brings the values back, and running code that still names the column fails.${locked.length === 0 ? '' : ` ${list(locked)} ${locked.length === 1 ? 'is' : 'are'} locked against reads and writes as well.`}`,
      instead: `First release code that does not name ${list(columns)}; then suppress this finding with that as the reason.`,
    };
  },
});
