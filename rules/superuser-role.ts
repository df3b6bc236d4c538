import { defineRule, plainWords } from '../src/lint/kit.ts';

export default defineRule({
  name: 'superuser-role',
  category: 'policy',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP073'] },
  docs: {
    what: 'CREATE ROLE or ALTER ROLE with SUPERUSER or BYPASSRLS.',
    why: 'No privilege and no row security holds for such a role: whoever gets its password has the whole server, or all rows.',
    instead: 'GRANT the role what it needs, or a predefined role such as pg_read_all_data or pg_monitor.',
    source: 'https://www.postgresql.org/docs/current/role-attributes.html',
  },
  examples: {
    bad: [{ sql: 'ALTER ROLE CURRENT_USER SUPERUSER;' }],
    good: [{ sql: 'ALTER ROLE CURRENT_USER CONNECTION LIMIT 20;' }],
  },
  on: ['no-relation'],
  check: ({ text }) => {
    if (!/superuser|bypassrls/i.test(text)) return null;
    const found = /^(?:CREATE|ALTER) (?:ROLE|USER) .*\b(SUPERUSER|BYPASSRLS)\b/.exec(plainWords(text));
    if (found === null) return null;
    return {
      relations: [],
      message:
        found[1] === 'SUPERUSER'
          ? 'no privilege holds for a superuser: the role may do everything on the whole server'
          : 'no row security holds for the role: it sees and changes all rows',
      why: 'Whoever gets its password has that as well, and migrations stay in the history for everyone to read.',
      instead: 'GRANT the role what it needs, or a predefined role such as pg_read_all_data or pg_monitor.',
    };
  },
});
