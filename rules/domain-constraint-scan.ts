import { blocked, defineRule, reason, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'domain-constraint-scan',
  category: 'blocking',
  severity: 'error',
  aliases: { squawk: ['ban-alter-domain-with-add-constraint'], MigrationPilot: ['MP043'] },
  docs: {
    what: 'ALTER DOMAIN … ADD CONSTRAINT or SET NOT NULL on a domain that tables use.',
    why: 'Every row of every table with a column of the domain is read under ShareLock: writes wait on all of them.',
    instead:
      'ADD CONSTRAINT … NOT VALID, which holds for new values and locks no table. VALIDATE CONSTRAINT on a domain still scans under ShareLock, so a CHECK on the tables is gentler.',
    source: 'https://www.postgresql.org/docs/current/sql-alterdomain.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE DOMAIN amount AS numeric;\nCREATE TABLE orders (total amount);',
        sql: 'ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0);',
      },
      {
        before: 'CREATE DOMAIN amount AS numeric;\nCREATE TABLE orders (total amount);',
        sql: 'ALTER DOMAIN amount SET NOT NULL;',
      },
    ],
    good: [
      {
        before: 'CREATE DOMAIN amount AS numeric;\nCREATE TABLE orders (total amount);',
        sql: 'ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;',
      },
    ],
  },
  on: ['alter-domain'],
  check: ({ action, effects }) => {
    const found = blocked(effects);
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `every row of ${first.effect.relation} is checked against the domain ${action.name.name} while writes wait`,
      why: reason(first),
      instead:
        'ADD CONSTRAINT … NOT VALID, or a CHECK … NOT VALID on each table, which VALIDATE CONSTRAINT then checks while writes go on.',
    };
  },
});
