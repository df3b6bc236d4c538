import { defineRule, plainWords } from '../src/lint/kit.ts';

export default defineRule({
  name: 'grant-to-public',
  category: 'policy',
  severity: 'off',
  aliases: { MigrationPilot: ['MP085'] },
  docs: {
    what: 'GRANT … TO PUBLIC.',
    why: 'Every role gets it, also those that are made later.',
    instead: 'Grant it to a role, and the role to whoever needs it.',
    source: 'https://www.postgresql.org/docs/current/sql-grant.html',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nGRANT SELECT ON orders TO PUBLIC;' }],
    good: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nGRANT SELECT ON orders TO CURRENT_USER;' }],
  },
  on: ['grant', 'no-relation'],
  check: ({ text, effects }) => {
    if (!/\bpublic\b/i.test(text) || !/^GRANT .* TO (?:.* )?PUBLIC\b/.test(plainWords(text))) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: 'every role gets this privilege, also those that are made later',
      why: 'Nobody remembers what PUBLIC may do when the next role is made.',
      instead: 'Grant it to a role, and that role to whoever needs it.',
    };
  },
});
