import { defineColumnRule } from '../src/lint/kit.ts';

export default defineColumnRule({
  name: 'timestamp-without-time-zone',
  category: 'style',
  severity: 'off',
  aliases: {
    squawk: ['prefer-timestamp-tz', 'prefer-timestamptz'],
    MigrationPilot: ['MP040'],
    pgfence: ['prefer-timestamptz'],
  },
  docs: {
    what: 'A column of type timestamp without time zone.',
    why: 'It says no moment: what was written in one time zone and is read in another is wrong by hours.',
    instead: 'Use timestamptz.',
    source: 'https://www.postgresql.org/docs/current/datatype-datetime.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamp);' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz);' }],
  },
  concerns: ({ type }) => type.name === 'timestamp',
});
