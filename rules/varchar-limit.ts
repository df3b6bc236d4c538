import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'varchar-limit',
  category: 'style',
  severity: 'off',
  aliases: { squawk: ['prefer-text-field'], MigrationPilot: ['MP037'], pgfence: ['prefer-text-field'] },
  docs: {
    what: 'A column of type varchar(n).',
    why: 'A limit that turns out too small is a change of the type: without tiptoe, few know which of those are free.',
    instead: 'Use text, with a CHECK of the length where one is meant: it can be changed without a rewrite.',
    source: 'https://www.postgresql.org/docs/current/datatype-character.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE users (id bigint PRIMARY KEY, email varchar(255));' }],
    good: [{ sql: 'CREATE TABLE users (id bigint PRIMARY KEY, email text, name varchar);' }],
  },
  concerns: ({ type }) => type.name === 'varchar' && type.modifiers.length > 0,
});
