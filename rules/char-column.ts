import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'char-column',
  category: 'style',
  severity: 'off',
  aliases: { squawk: ['ban-char-field'], MigrationPilot: ['MP041'] },
  docs: {
    what: 'A column of type char(n).',
    why: 'Values are padded with spaces, which count in LIKE and in the application, and take room.',
    instead: 'Use text, with a CHECK of the length where one is meant.',
    source: 'https://www.postgresql.org/docs/current/datatype-character.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE countries (code char(2) PRIMARY KEY);' }],
    good: [{ sql: 'CREATE TABLE countries (code text PRIMARY KEY CHECK (length(code) = 2));' }],
  },
  concerns: ({ type }) => type.name === 'bpchar',
});
