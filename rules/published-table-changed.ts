import {
  type ActionOf,
  creationSchema,
  defineRule,
  findTable,
  isNewColumn,
  joinedPublications,
  list,
  publicationsOf,
  publishedColumns,
  quoteIdent,
  type RuleContext,
  sameType,
  standing,
  type Table,
  type Verdict,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'published-table-changed',
  category: 'compatibility',
  severity: 'warning',
  docs: {
    what: 'A column added, dropped, renamed or given another type, or a table made, renamed or moved, that a publication sends.',
    why: 'Logical replication sends rows, not DDL. A subscriber without the column or the table stops at the first row that comes with it, and this server keeps all WAL from there on until its disk is full; a column that is only gone here stays as it is there, and stops replication where it is NOT NULL.',
    instead:
      'What is new, wider or less strict goes to the subscribers first; what goes away, here first and there last. A new table needs ALTER SUBSCRIPTION … REFRESH PUBLICATION there as well.',
    source: 'https://www.postgresql.org/docs/current/logical-replication-restrictions.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE orders;',
        sql: 'ALTER TABLE orders ADD COLUMN note text;',
      },
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nCREATE PUBLICATION shop FOR ALL TABLES;',
        sql: 'ALTER TABLE orders DROP COLUMN note;',
        also: ['drop-column'],
      },
      {
        before:
          'CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(20));\nCREATE PUBLICATION shop FOR ALL TABLES;',
        sql: 'ALTER TABLE orders ALTER COLUMN note TYPE varchar(50);',
      },
      {
        before:
          'CREATE SCHEMA sales;\nCREATE TABLE sales.orders (id bigint PRIMARY KEY, note text);\nCREATE PUBLICATION shop FOR TABLES IN SCHEMA sales;',
        sql: 'CREATE TABLE sales.items (id bigint PRIMARY KEY);',
        since: 15,
      },
      {
        before:
          'CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nCREATE PUBLICATION shop FOR TABLE orders (id, note);',
        sql: 'ALTER TABLE orders DROP COLUMN note CASCADE;',
        since: 15,
        also: ['drop-column'],
      },
    ],
    good: [
      {
        before:
          'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE TABLE stock (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE stock;',
        sql: 'ALTER TABLE orders ADD COLUMN note text;',
      },
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE orders (id);',
        sql: 'ALTER TABLE orders ADD COLUMN note text;',
        since: 15,
      },
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE orders;',
        sql: 'CREATE INDEX CONCURRENTLY orders_id ON orders (id);',
      },
    ],
  },
  on: ['alter-table', 'rename', 'set-schema', 'create-table'],
  check: (context) => {
    const { action, catalog } = context;
    if (catalog.publications.size === 0) return null;
    if (action.kind === 'create-table') return ofNewTable(context, action);
    const name = action.kind === 'alter-table' ? action.name : action.relation;
    const table = findTable(catalog, name);
    const effect = standing(context, name);
    if (table === null || effect === null) return null;
    const changes = changesOf(context, action, table);
    if (changes.length === 0) return null;
    const found = [...new Set(changes.flatMap(({ publications }) => publications))];
    return {
      relations: [effect.relation],
      message: `${list(found)} sends ${effect.relation} to subscribers, which do not get this DDL: ${list([...new Set(changes.map(({ what }) => what))])}`,
      why: WHY,
      instead: `${[...new Set(changes.map(({ order }) => order))].join(' ')} Then suppress this finding with that as the reason.`,
    };
  },
});

const WHY =
  'While a subscriber cannot apply a row, it tries again for ever, receives nothing else, and this server keeps all WAL for it.';

interface Change {
  readonly what: string;
  readonly order: string;
  readonly publications: readonly string[];
}

/** Where the publication sends the rows of a partition as those of its root, subscribers need no table for it. */
function ofNewTable({ catalog }: RuleContext, action: ActionOf<'create-table'>): Verdict | null {
  const publications = joinedPublications(catalog, action).map(({ name }) => name);
  const table = `${creationSchema(catalog, action.name)}.${action.name.name}`;
  const isSent = publications.length > 0 && action.partitionOf === null && !action.foreign;
  if (!isSent || catalog.relations.has(table)) return null;
  return {
    relations: [table],
    message: `${list(publications)} sends ${table} from its first row on, and subscribers do not get the table`,
    why: WHY,
    instead: `CREATE TABLE ${table} on the subscribers first, and ALTER SUBSCRIPTION … REFRESH PUBLICATION there after this. Then suppress this finding with that as the reason.`,
  };
}

function changesOf(
  context: RuleContext,
  action: ActionOf<'alter-table' | 'rename' | 'set-schema'>,
  table: Table,
): Change[] {
  const { catalog } = context;
  const all = publicationsOf(catalog, table);
  /** Those that send the column, or would send a new one. */
  const sending = (column: string | null): string[] => {
    const generated = column === null ? null : (table.columns.get(column)?.generated ?? null);
    const lists = (columns: readonly string[] | null): boolean =>
      columns === null || (column !== null && columns.includes(column));
    return generated === null ? all.flatMap((each) => (lists(publishedColumns(each, table)) ? [each.name] : [])) : [];
  };
  const change = (what: string, order: string, publications: readonly string[]): Change[] =>
    publications.length === 0 ? [] : [{ what, order, publications }];
  if (action.kind === 'set-schema') {
    const order = `Move it on the subscribers in the same moment, with the subscription disabled.`;
    return change(
      `it moves to ${action.schema}`,
      order,
      all.map(({ name }) => name),
    );
  }
  if (action.kind === 'rename') {
    const order = 'Rename on the subscribers in the same moment, with the subscription disabled.';
    if (action.what === 'table')
      return change(
        `it becomes ${quoteIdent(action.to)}`,
        order,
        all.map(({ name }) => name),
      );
    if (action.what !== 'column' || isNewColumn(context, action.relation, action.from)) return [];
    return change(`${quoteIdent(action.from)} becomes ${quoteIdent(action.to)}`, order, sending(action.from));
  }
  return action.commands.flatMap((command) => {
    switch (command.kind) {
      case 'add-column': {
        const { name, generated } = command.column;
        if (table.columns.has(name) || generated !== null) return [];
        return change(`${quoteIdent(name)} is new`, 'Add the column on the subscribers first.', sending(null));
      }
      case 'drop-column': {
        const { column } = command;
        if (isNewColumn(context, action.name, column)) return [];
        const listed = publicationsListing(all, table, column);
        if (command.cascade && listed.length > 0)
          return change(
            `with ${quoteIdent(column)} the table goes out of ${list(listed)}`,
            `First ALTER PUBLICATION ${listed.map(quoteIdent).join(', ')} SET TABLE … without the column.`,
            listed,
          );
        return change(
          `${quoteIdent(column)} goes`,
          `On the subscribers DROP NOT NULL of ${quoteIdent(column)} first, and drop it there last.`,
          sending(column).filter((name) => !listed.includes(name)),
        );
      }
      case 'set-type': {
        const old = table.columns.get(command.column)?.type;
        if (old !== undefined && sameType(old, command.type)) return [];
        return change(
          `${quoteIdent(command.column)} gets another type`,
          'Give the column a type on the subscribers first that takes both the old and the new values.',
          // Where it is in a list, PostgreSQL refuses.
          sending(command.column).filter((name) =>
            publicationsListing(all, table, command.column).every((other) => other !== name),
          ),
        );
      }
      default:
        return [];
    }
  });
}

function publicationsListing(all: ReturnType<typeof publicationsOf>, table: Table, column: string): string[] {
  return all.flatMap((each) => (publishedColumns(each, table)?.includes(column) === true ? [each.name] : []));
}
