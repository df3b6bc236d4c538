import {
  type Catalog,
  commandsOn,
  defineRule,
  findTable,
  list,
  publicationsOf,
  publishedColumns,
  qualifiedName,
  quoteIdent,
  type Table,
  viewsOf,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'column-still-used',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP052'] },
  docs: {
    what: 'Another type for a column, or DROP COLUMN without CASCADE, while a view, a generated column or the column list of a publication uses it.',
    why: 'PostgreSQL refuses: the migration fails, and nothing after it in the file is done.',
    instead:
      'Drop what uses the column and make it anew afterwards, in the same transaction. For a publication: ALTER PUBLICATION … SET TABLE without the column.',
    source: 'https://www.postgresql.org/docs/current/ddl-depend.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint, email varchar(50));\nCREATE VIEW emails AS SELECT email FROM users;',
        sql: 'ALTER TABLE users ALTER COLUMN email TYPE text;',
        fails: '0A000',
      },
      {
        before: 'CREATE TABLE users (id bigint, email varchar(50));\nCREATE VIEW emails AS SELECT email FROM users;',
        sql: 'ALTER TABLE users DROP COLUMN email;',
        fails: '2BP01',
        also: ['drop-column'],
      },
      {
        before: "CREATE TABLE lines (price varchar(9), label text GENERATED ALWAYS AS (price || '€') STORED);",
        sql: 'ALTER TABLE lines ALTER COLUMN price TYPE varchar(20);',
        fails: '0A000',
      },
      {
        before:
          'CREATE TABLE lines (id bigint PRIMARY KEY, price varchar(9));\nCREATE PUBLICATION shop FOR TABLE lines (id, price);',
        sql: 'ALTER TABLE lines ALTER COLUMN price TYPE varchar(20);',
        since: 15,
        fails: '0A000',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint, email varchar(50));\nCREATE VIEW ids AS SELECT id FROM users;',
        sql: 'ALTER TABLE users ALTER COLUMN email TYPE text;',
      },
      {
        before: 'CREATE TABLE users (id bigint, email varchar(50));\nCREATE VIEW emails AS SELECT email FROM users;',
        sql: 'DROP VIEW emails;\nALTER TABLE users ALTER COLUMN email TYPE text;\nCREATE VIEW emails AS SELECT email FROM users;',
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, catalog } = context;
    const changed = commandsOn(context, 'set-type')?.commands ?? [];
    const dropped = (commandsOn(context, 'drop-column')?.commands ?? []).filter(({ cascade }) => !cascade);
    const table = changed.length + dropped.length === 0 ? null : findTable(catalog, action.name);
    if (table === null) return null;
    for (const { column, kind } of [...changed, ...dropped]) {
      if (!table.columns.has(column)) continue;
      const gone = new Set(dropped.map((other) => other.column));
      const users = usersOf(catalog, table, column).filter((user) => user.column === null || !gone.has(user.column));
      if (users.length === 0) continue;
      const shown = `${qualifiedName(table)}.${column}`;
      return {
        relations: [qualifiedName(table)],
        message: `${kind === 'set-type' ? `the type of ${shown} cannot change` : `${shown} cannot be dropped`} while ${list(users.map(({ name }) => name))} ${users.length === 1 ? 'uses' : 'use'} it`,
        why: 'PostgreSQL refuses the statement, and the migration fails.',
        instead: `First drop or change ${list(users.map(({ name }) => name))}, and make ${users.length === 1 ? 'it' : 'them'} anew afterwards in the same transaction.`,
      };
    }
    return null;
  },
});

interface User {
  readonly name: string;
  /** For a generated column of the same table. */
  readonly column: string | null;
}

function usersOf(catalog: Catalog, table: Table, column: string): User[] {
  const views = viewsOf(catalog, table, column).filter(({ reads }) => {
    // Without the table before the dot, a name that another relation of the query has may be meant for that.
    const others = [...reads].filter(([relation]) => relation !== table);
    return reads.get(table)?.columns !== null && others.every(([, read]) => read.columns?.has(column) === false);
  });
  const generated = [...table.columns].filter(([, { computedFrom }]) => computedFrom.includes(column));
  const publications = publicationsOf(catalog, table).filter(
    (publication) => publishedColumns(publication, table)?.includes(column) === true,
  );
  return [
    ...views.map((view) => ({ name: `the view ${qualifiedName(view)}`, column: null })),
    ...generated.map(([name]) => ({ name: `the generated column ${quoteIdent(name)}`, column: name })),
    ...publications.map(({ name }) => ({ name: `the publication ${quoteIdent(name)}`, column: null })),
  ];
}
