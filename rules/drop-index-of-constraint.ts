import { defineRule, findIndex, qualifiedName, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-index-of-constraint',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP097'] },
  docs: {
    what: 'DROP INDEX, concurrently or not, of the index behind a PRIMARY KEY, UNIQUE or EXCLUDE constraint.',
    why: 'PostgreSQL refuses it, with CASCADE too: the constraint needs its index.',
    instead: 'ALTER TABLE … DROP CONSTRAINT, which drops the index as well.',
    source: 'https://www.postgresql.org/docs/current/sql-dropindex.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (email text CONSTRAINT users_email_key UNIQUE);',
        sql: 'DROP INDEX CONCURRENTLY users_email_key;',
        fails: '2BP01',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (email text);\nCREATE UNIQUE INDEX users_email_key ON users (email);',
        sql: 'DROP INDEX CONCURRENTLY users_email_key;',
      },
    ],
  },
  on: ['drop-relation'],
  check: ({ action, catalog }) => {
    if (action.relationKind !== 'index') return null;
    for (const name of action.names) {
      const index = findIndex(catalog, name);
      if (index?.table.kind !== 'table') continue;
      const constraint = [...index.table.constraints.values()].find((candidate) => candidate.index === index);
      if (constraint === undefined) continue;
      const relation = qualifiedName(index.table);
      return {
        relations: [relation],
        message: `DROP INDEX ${name.name} fails: it is the index of a constraint of ${relation}`,
        why: 'The constraint needs its index, and PostgreSQL does not drop the one without the other.',
        instead: `ALTER TABLE ${relation} DROP CONSTRAINT ${quoteIdent(constraint.name)};`,
      };
    }
    return null;
  },
});
