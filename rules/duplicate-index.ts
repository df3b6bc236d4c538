import { defineRule, findTable, list, qualifiedName, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'duplicate-index',
  category: 'load',
  severity: 'off',
  aliases: { MigrationPilot: ['MP100'] },
  docs: {
    what: 'A new index over columns with which an index of the table already begins.',
    why: 'Every write keeps both up to date, and queries are as fast with the longer one alone, unless it is much wider.',
    instead: 'Leave the new index out; or, where it takes the place of the old one, drop that in the same file.',
    source: 'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
  },
  examples: {
    bad: [
      {
        before:
          'CREATE TABLE orders (placed date, total numeric);\nCREATE INDEX orders_placed_total ON orders (placed, total);',
        sql: 'CREATE INDEX CONCURRENTLY orders_placed ON orders (placed);',
      },
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);',
        sql: 'CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (placed date, total numeric);\nCREATE INDEX orders_placed ON orders (placed);',
        sql: 'CREATE INDEX CONCURRENTLY orders_placed_total ON orders (placed, total);',
      },
      {
        before: 'CREATE TABLE orders (note text);\nCREATE INDEX orders_note ON orders (note);',
        sql: 'CREATE INDEX CONCURRENTLY orders_note_like ON orders (note text_pattern_ops);',
      },
      {
        before: 'CREATE TABLE orders (note text);\nCREATE INDEX orders_note ON orders (note) WHERE note IS NOT NULL;',
        sql: 'CREATE INDEX CONCURRENTLY orders_notes ON orders (note);',
      },
      {
        before: 'CREATE TABLE orders (note text);\nCREATE INDEX orders_note ON orders (note);',
        sql: 'CREATE INDEX CONCURRENTLY orders_notes ON orders (note);\nDROP INDEX CONCURRENTLY orders_note;',
      },
    ],
  },
  on: ['create-index'],
  check: ({ action, catalog, file }) => {
    const table = findTable(catalog, action.table);
    const { columns, method, unique } = action;
    // Another method, class, order or predicate is there for a reason.
    if (table === null || method !== 'btree' || !action.plain) return null;
    const dropped = new Set(
      file.actions
        .slice(file.at + 1)
        .flatMap((later) => (later.kind === 'drop-relation' ? later.names.map(({ name }) => name) : [])),
    );
    const others = [...table.indexes].filter(
      (index) =>
        index.plain &&
        index.method === 'btree' &&
        index.name !== action.name &&
        !dropped.has(index.name) &&
        columns.every((column, at) => index.columns[at] === column) &&
        (!unique || (index.unique && index.columns.length === columns.length)),
    );
    if (others.length === 0) return null;
    const names = others.map(({ name }) => name);
    return {
      relations: [qualifiedName(table)],
      message: `${list(names)} of ${qualifiedName(table)} already ${names.length === 1 ? 'begins' : 'begin'} with ${list(columns.map((column) => column ?? ''))}`,
      why: 'Every write keeps both up to date, and queries are as fast with the one that is there.',
      instead: others.some((index) => index.unique)
        ? `Leave this index of ${sqlName(action.table)} out.`
        : `Leave this index of ${sqlName(action.table)} out; or, where it takes the place of ${list(names)}, drop that in this file.`,
    };
  },
});
