import { defineRule, isMadeBefore, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-schema',
  category: 'data-loss',
  severity: 'error',
  aliases: { MigrationPilot: ['MP035'], Atlas: ['DS101'] },
  docs: {
    what: 'DROP SCHEMA … CASCADE.',
    why: 'It removes every table in the schema with its rows, and what depends on them elsewhere; each is locked against reads and writes until the transaction ends.',
    instead:
      'Drop the tables one by one, so that what goes can be read in the migration; then DROP SCHEMA without CASCADE.',
    source: 'https://www.postgresql.org/docs/current/sql-dropschema.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE SCHEMA billing;\nCREATE TABLE billing.invoices (id bigint);',
        sql: 'DROP SCHEMA billing CASCADE;',
      },
    ],
    good: [{ before: 'CREATE SCHEMA billing;', sql: 'DROP SCHEMA billing;' }],
  },
  on: ['drop-schema'],
  check: ({ action, effects, file }) => {
    // Without CASCADE, PostgreSQL refuses to drop what is not empty.
    if (!action.cascade) return null;
    const names = action.names.filter((name) => !isMadeBefore(file, { schema: null, name }));
    if (names.length === 0) return null;
    const relations = effects.relations.flatMap(({ relation, preexisting }) => (preexisting ? [relation] : []));
    return {
      relations,
      message: `DROP SCHEMA ${list(names)} CASCADE removes everything in it${relations.length === 0 ? '' : `: ${list(relations)}`}`,
      why: 'Nothing brings the rows back, and what goes with the schema cannot be read in the migration.',
      instead:
        'Drop the tables one by one, then DROP SCHEMA without CASCADE, which is refused while something is left.',
    };
  },
});
