import { defineCheck } from '../check.ts';

/** What another check could not see is reported under this name; it looks for nothing itself. */
export const notChecked = defineCheck<never>({
  name: 'not-checked',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'Something that a check could not see: the role lacks a right, the server does not count it, or the query took too long.',
    why: 'What was not looked at is not known to be fine.',
    instead: 'Run the audit as a role with pg_monitor, on the primary; or accept it in audit.ignore with a reason.',
    source: 'https://www.postgresql.org/docs/current/predefined-roles.html',
  },
  sql: () => null,
  judge: () => [],
});
