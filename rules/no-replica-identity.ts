import {
  type ActionOf,
  addedConstraints,
  allTables,
  changesSentBy,
  creationSchema,
  defineRule,
  findIndex,
  findTable,
  getsIdentityLater,
  givesIdentity,
  hasReplicaIdentity,
  joinedPublications,
  list,
  publicationsOf,
  qualifiedName,
  type RuleContext,
  type Table,
  type Verdict,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'no-replica-identity',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP055'] },
  docs: {
    what: 'A table that a publication sends is left, or comes in, without a primary key or another replica identity.',
    why: 'Subscribers could not tell which row is meant, so that every UPDATE and DELETE of the table fails here, on the publisher. A deferrable primary key does not do.',
    instead:
      "ADD PRIMARY KEY USING INDEX, or REPLICA IDENTITY USING INDEX of a unique index over columns that are NOT NULL; REPLICA IDENTITY FULL where the table is small. For a table that is only appended to: a publication WITH (publish = 'insert').",
    source: 'https://www.postgresql.org/docs/current/logical-replication-publication.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE stock (item text, amount int);', sql: 'CREATE PUBLICATION shop FOR TABLE stock;' },
      {
        before: 'CREATE PUBLICATION shop FOR ALL TABLES;',
        sql: 'CREATE TABLE stock (item text, amount int);',
        also: ['published-table-changed'],
      },
      {
        before:
          'CREATE TABLE stock (id bigint CONSTRAINT stock_pkey PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE stock;',
        sql: 'ALTER TABLE stock DROP CONSTRAINT stock_pkey;',
        also: ['drop-unique-constraint'],
      },
      {
        before: 'CREATE TABLE stock (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE stock;',
        sql: 'ALTER TABLE stock REPLICA IDENTITY NOTHING;',
      },
    ],
    good: [
      { before: 'CREATE TABLE stock (id bigint PRIMARY KEY);', sql: 'CREATE PUBLICATION shop FOR TABLE stock;' },
      {
        before: 'CREATE TABLE stock (item text, amount int);',
        sql: "CREATE PUBLICATION shop FOR TABLE stock WITH (publish = 'insert');",
      },
      {
        before: 'CREATE TABLE stock (item text, amount int);',
        sql: 'ALTER TABLE stock REPLICA IDENTITY FULL;\nCREATE PUBLICATION shop FOR TABLE stock;',
      },
      {
        before: 'CREATE TABLE stock (id bigint CONSTRAINT stock_pkey PRIMARY KEY);',
        sql: 'ALTER TABLE stock REPLICA IDENTITY NOTHING;',
      },
    ],
  },
  on: ['create-publication', 'alter-publication', 'create-table', 'alter-table', 'drop-relation'],
  check: (context) => {
    const { action, catalog } = context;
    switch (action.kind) {
      case 'create-publication':
      case 'alter-publication': {
        const known = catalog.publications.get(action.name);
        if (!(action.sendsChanges ?? known?.sendsChanges ?? true)) return null;
        const without = newlySent({ ...context, action }).filter(
          (table) => !hasReplicaIdentity(table) && !getsIdentityLater(context.file, table),
        );
        return verdict(without.map(qualifiedName), [action.name]);
      }
      case 'create-table': {
        const joined = joinedPublications(catalog, action).filter(({ sendsChanges }) => sendsChanges);
        const inherits = action.partitionOf !== null || action.like.length > 0 || action.ofType !== null;
        const table = `${creationSchema(catalog, action.name)}.${action.name.name}`;
        if (
          joined.length === 0 ||
          hasPrimaryKey(addedConstraints(action)) ||
          inherits ||
          action.foreign ||
          action.partitionBy !== null
        )
          return null;
        if (catalog.relations.has(table) || getsIdentityLater(context.file, action.name)) return null;
        return verdict(
          [table],
          joined.map(({ name }) => name),
        );
      }
      case 'alter-table': {
        const table = findTable(catalog, action.name);
        if (table === null) return null;
        const loses = action.commands.some((command) => {
          switch (command.kind) {
            case 'set-replica-identity':
              return (
                command.to === 'nothing' || (command.to === 'default' && !hasPrimaryKey(table.constraints.values()))
              );
            case 'drop-constraint':
              return isIdentity(table, (constraint) => constraint.name === command.name);
            case 'drop-column':
              return isIdentity(table, ({ columns }) => columns.includes(command.column));
            default:
              return false;
          }
        });
        if (!loses || !hasReplicaIdentity(table) || table.columns.size === 0) return null;
        if (givesIdentity(action) || getsIdentityLater(context.file, action.name)) return null;
        return verdict([qualifiedName(table)], changesSentBy(catalog, table));
      }
      case 'drop-relation': {
        if (action.relationKind !== 'index') return null;
        const tables = action.names.flatMap((name) => {
          const index = findIndex(catalog, name);
          const table = index?.table;
          return table?.kind === 'table' && table.replicaIdentity === index ? [table] : [];
        });
        const [table] = tables.filter((each) => !getsIdentityLater(context.file, each));
        return table === undefined ? null : verdict([qualifiedName(table)], changesSentBy(catalog, table));
      }
    }
  },
});

function hasPrimaryKey(constraints: Iterable<{ readonly kind: string; readonly deferrable: boolean }>): boolean {
  return [...constraints].some(({ kind, deferrable }) => kind === 'primary-key' && !deferrable);
}

function verdict(tables: readonly string[], publications: readonly string[]): Verdict | null {
  const [table] = tables;
  if (table === undefined || publications.length === 0) return null;
  return {
    relations: tables,
    message: `every UPDATE and DELETE of ${list(tables)} fails from now on: ${list(publications)} sends ${tables.length === 1 ? 'it, and it has' : 'them, and they have'} neither a primary key nor another replica identity`,
    why: 'PostgreSQL refuses, here on the publisher, what it could not tell the subscribers.',
    instead: `First give ${tables.length === 1 ? 'it' : 'each'} a primary key; or, where the table is small: ALTER TABLE ${table} REPLICA IDENTITY FULL.`,
  };
}

/** The tables that a publication begins to send. */
function newlySent({ action, catalog }: RuleContext<ActionOf<'create-publication' | 'alter-publication'>>): Table[] {
  const { content } = action;
  const known = action.kind === 'alter-publication' ? catalog.publications.get(action.name) : undefined;
  if (action.kind === 'alter-publication' && action.command === 'drop') return [];
  const named = content.tables.flatMap((name) => findTable(catalog, name) ?? []);
  const all = allTables(catalog).filter(
    (table) =>
      content.allTables ||
      content.schemas.includes(table.schema) ||
      (action.sendsChanges === true &&
        known !== undefined &&
        publicationsOf(catalog, table).some(({ name }) => name === action.name)),
  );
  return [...new Set([...named, ...all])].filter(
    ({ kind, persistence }) => kind === 'table' && persistence === 'permanent',
  );
}

/** Whether what tells the rows of a table apart is its own key, one that `concerns` the statement. */
function isIdentity({ replicaIdentity, constraints, indexes }: Table, concerns: (key: Key) => boolean): boolean {
  if (replicaIdentity === 'default')
    return [...constraints.values()].some((key) => key.kind === 'primary-key' && concerns(key));
  if (typeof replicaIdentity === 'string') return false;
  return (
    [...constraints.values()].some((key) => key.index === replicaIdentity && concerns(key)) ||
    (indexes.has(replicaIdentity) && concerns({ name: '', columns: replicaIdentity.columns }))
  );
}

interface Key {
  readonly name: string;
  readonly columns: readonly (string | null)[];
}
