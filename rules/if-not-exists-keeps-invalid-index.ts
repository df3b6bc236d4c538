import { type Action, defineRule, once, qualifiedName, quoteIdent, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'if-not-exists-keeps-invalid-index',
  category: 'correctness',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP070'] },
  docs: {
    what: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS, without a DROP INDEX before it in the file.',
    why: 'A concurrent build that fails leaves an INVALID index. The next run then skips the build because of its name, and the table has an index that no query uses and every write pays for.',
    instead:
      'Before it, DROP INDEX CONCURRENTLY IF EXISTS the same name; or leave IF NOT EXISTS out, so that a retry fails loudly.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_total ON orders (total);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'DROP INDEX CONCURRENTLY IF EXISTS orders_total;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS orders_total ON orders (total);',
      },
      { before: 'CREATE TABLE orders (total numeric);', sql: 'CREATE INDEX CONCURRENTLY ON orders (total);' },
    ],
  },
  on: ['create-index'],
  check: ({ action, catalog, file }) => {
    const { name, concurrently, ifNotExists } = action;
    if (!concurrently || !ifNotExists || name === null) return null;
    if ((firstDrops(file.actions).get(name) ?? Infinity) < file.at) return null;
    const table = catalog.relations.get(resolve(catalog, action.table));
    const relation = table === undefined ? resolve(catalog, action.table) : qualifiedName(table);
    return {
      relations: [relation],
      message: `if an earlier build of ${name} failed, IF NOT EXISTS keeps its invalid index on ${relation} and reports success`,
      why: 'No query uses an invalid index, and every write pays for it.',
      instead: `Before it: DROP INDEX CONCURRENTLY IF EXISTS ${quoteIdent(name)};`,
    };
  },
});

/** By the name of an index, where the file drops it first. */
const firstDrops = once((actions: readonly Action[]) => {
  const found = new Map<string, number>();
  for (const [at, action] of actions.entries()) {
    if (action.kind !== 'drop-relation' || action.relationKind !== 'index') continue;
    for (const { name } of action.names) if (!found.has(name)) found.set(name, at);
  }
  return found;
});
