import { creationSchema, defineRule } from '../src/lint/kit.ts';

export default defineRule({
  name: 'domain-with-constraint',
  category: 'policy',
  severity: 'off',
  aliases: { squawk: ['ban-create-domain-with-constraint'], MigrationPilot: ['MP043'] },
  docs: {
    what: 'CREATE DOMAIN with a constraint.',
    why: 'A constraint of a domain cannot be changed without reading every table that uses it, and a column of such a domain cannot be added without writing the table anew.',
    instead: 'Use the base type, and a CHECK in the table.',
    source: 'https://www.postgresql.org/docs/current/sql-createdomain.html',
  },
  examples: {
    bad: [{ sql: "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');" }],
    good: [{ sql: 'CREATE DOMAIN email AS text;' }],
  },
  on: ['create-domain'],
  check: ({ action, catalog }) => {
    if (!action.notNull && action.checks.length === 0) return null;
    const domain = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return {
      relations: [],
      message: `the domain ${domain} has a constraint`,
      why: 'Adding a column of it to a table writes the whole table anew, and changing it reads every table that uses it.',
      instead: 'Use the base type, and a CHECK in the table.',
    };
  },
});
