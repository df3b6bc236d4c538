import { defineRule, list, newerFeatures } from '../src/lint/kit.ts';

export default defineRule({
  name: 'newer-than-server',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'Syntax that the server does not have yet, by the version that is set or connected to: NULLS NOT DISTINCT before 15, NOT ENFORCED before 18.',
    why: 'The statement fails.',
    instead:
      'Do without it until the server is upgraded. If the version is wrong: --pg-version, or pgVersion in the config.',
    source: 'https://www.postgresql.org/docs/current/release.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (email text);',
        sql: 'CREATE UNIQUE INDEX CONCURRENTLY ON users (email) NULLS NOT DISTINCT;',
        until: 14,
        fails: '42601',
      },
      {
        sql: 'CREATE TABLE users (first text, email text GENERATED ALWAYS AS (lower(first)) VIRTUAL);',
        until: 17,
        fails: '42601',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (email text);',
        sql: 'CREATE UNIQUE INDEX CONCURRENTLY ON users (email) NULLS NOT DISTINCT;',
        since: 15,
      },
    ],
  },
  on: [
    'create-table',
    'alter-table',
    'create-index',
    'create-view',
    'create-function',
    'create-trigger',
    'create-table-as',
    'create-publication',
    'alter-publication',
    'create-statistics',
    'create-extension',
    'dml',
    'select',
    'explain',
    'reindex',
    'grant',
    'no-relation',
    'unknown',
  ],
  check: ({ text, version, effects }) => {
    const newer = newerFeatures(text, version);
    if (newer.length === 0) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: `PostgreSQL ${version} does not have ${list(newer.map(({ what, since }) => `${what} (since ${since})`))}`,
      why: 'The server refuses the statement.',
      instead:
        'Do without it until the server is upgraded; if the version is wrong, set --pg-version or pgVersion in the config.',
    };
  },
});
