import { defineRule, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'hash-index',
  category: 'style',
  severity: 'off',
  docs: {
    what: 'An index USING hash.',
    why: 'It answers = and nothing else: no order, no range, no uniqueness, no second column.',
    instead: 'Use the default, btree, unless a measurement speaks for it.',
    source: 'https://www.postgresql.org/docs/current/indexes-types.html#INDEXES-TYPES-HASH',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE users (email text);\nCREATE INDEX users_email ON users USING hash (email);' }],
    good: [{ sql: 'CREATE TABLE users (email text);\nCREATE INDEX users_email ON users (email);' }],
  },
  on: ['create-index'],
  check: ({ action, catalog }) => {
    if (action.method !== 'hash') return null;
    const table = resolve(catalog, action.table);
    return {
      relations: [table],
      message: `the index ${action.name ?? ''} of ${table} is a hash index`,
      why: 'It answers = and nothing else.',
      instead: 'Use the default, btree, unless a measurement speaks for hash.',
    };
  },
});
