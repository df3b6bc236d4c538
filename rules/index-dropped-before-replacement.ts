import { afterwards, defineRule, findIndex, qualifiedName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'index-dropped-before-replacement',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'DROP INDEX before the CREATE INDEX that takes its place, on the same first column of a table that already exists.',
    why: 'From the one to the other, queries that used the index read the whole table.',
    instead: 'Build the new index under another name first, then drop the old one.',
    source: 'https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (placed date, total numeric);\nCREATE INDEX orders_placed ON orders (placed);',
        sql: 'DROP INDEX CONCURRENTLY orders_placed;\nCREATE INDEX CONCURRENTLY orders_placed ON orders (placed, total);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (placed date, total numeric);\nCREATE INDEX orders_placed ON orders (placed);',
        sql: 'CREATE INDEX CONCURRENTLY orders_placed_total ON orders (placed, total);\nDROP INDEX CONCURRENTLY orders_placed;',
      },
    ],
  },
  on: ['drop-relation'],
  check: ({ action, catalog, file }) => {
    if (action.relationKind !== 'index') return null;
    for (const name of action.names) {
      const index = findIndex(catalog, name);
      const first = index?.columns[0] ?? null;
      // What this file made, no query uses yet; an invalid index that is dropped before a retry does not exist for the history.
      if (index === null || first === null || index.file === catalog.file) continue;
      // In one transaction no other session ever sees the table without either.
      const next = afterwards(file, index.table).find(
        (later) =>
          later.kind === 'create-index' && later.columns[0] === first && (action.concurrently || later.concurrently),
      );
      if (next === undefined) continue;
      const table = qualifiedName(index.table);
      return {
        relations: [table],
        message: `${name.name} is dropped before the index on ${first} that replaces it is built, so queries of ${table} have none meanwhile`,
        why: 'They read the whole table until the new index is ready, which takes as long as the table is big.',
        instead: 'Build the new index under another name first, then drop the old one.',
      };
    }
    return null;
  },
});
